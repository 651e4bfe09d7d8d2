export declare function encodeHex(
  source: string | Uint8Array | ArrayBuffer,
): string;
export declare function decodeHex(source: string): Uint8Array<ArrayBuffer>;
