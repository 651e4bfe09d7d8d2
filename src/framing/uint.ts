/**
 * Unsigned integers in bytes. Written out by width, because this runs once per frame.
 *
 * @module
 */

/** Whether there are integers of so many bytes. A width that was worked out may be any number. */
export function isWidth(byteLength: number): boolean {
  return byteLength === 1 || byteLength === 2 || byteLength === 4 ||
    byteLength === 8 || byteLength === 3;
}

/** Reads an unsigned integer; above 2^53 the nearest number, which is over every limit anyway. */
export function readUint(
  bytes: Uint8Array,
  at: number,
  byteLength: number,
  littleEndian: boolean,
): number {
  if (littleEndian) {
    switch (byteLength) {
      case 1:
        return bytes[at];
      case 2:
        return bytes[at] | bytes[at + 1] << 8;
      case 3:
        return bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16;
      case 4:
        return (bytes[at] | bytes[at + 1] << 8 | bytes[at + 2] << 16 |
          bytes[at + 3] << 24) >>> 0;
      default:
        return readUint(bytes, at, 4, true) +
          readUint(bytes, at + 4, 4, true) * 0x1_0000_0000;
    }
  }
  switch (byteLength) {
    case 4:
      return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 |
        bytes[at + 3]) >>> 0;
    case 2:
      return bytes[at] << 8 | bytes[at + 1];
    case 1:
      return bytes[at];
    case 3:
      return bytes[at] << 16 | bytes[at + 1] << 8 | bytes[at + 2];
    default:
      return readUint(bytes, at, 4, false) * 0x1_0000_0000 +
        readUint(bytes, at + 4, 4, false);
  }
}

/** Writes the low `byteLength` (1–4) bytes of `value`; the caller has checked range and room. */
export function putUint(
  buffer: Uint8Array,
  at: number,
  value: number,
  byteLength: number,
  littleEndian: boolean,
): void {
  for (let i = 0; i < byteLength; i++) {
    const shift = 8 * (littleEndian ? i : byteLength - 1 - i);
    buffer[at + i] = value >>> shift;
  }
}
