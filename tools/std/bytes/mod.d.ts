type Bytes = Uint8Array<ArrayBuffer>;
export declare function concat(parts: Iterable<Uint8Array>): Bytes;
export declare function equals(a: Uint8Array, b: Uint8Array): boolean;
export declare function startsWith(
  source: Uint8Array,
  prefix: Uint8Array,
): boolean;
export declare function endsWith(
  source: Uint8Array,
  suffix: Uint8Array,
): boolean;
