export declare function encodeBase64(
  source: string | Uint8Array | ArrayBuffer,
): string;
export declare function decodeBase64(source: string): Uint8Array<ArrayBuffer>;
