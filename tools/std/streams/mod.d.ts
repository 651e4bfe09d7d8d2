type Bytes = Uint8Array<ArrayBuffer>;
export declare class TextLineStream extends TransformStream<string, string> {
  constructor(options?: { allowCR?: boolean });
}
export declare class DelimiterStream extends TransformStream<Bytes, Bytes> {
  constructor(
    delimiter: Uint8Array,
    options?: { disposition?: "suffix" | "prefix" | "discard" },
  );
}
export declare function concatReadableStreams<T>(
  ...streams: ReadableStream<T>[]
): ReadableStream<T>;
export declare function toArrayBuffer(
  stream: ReadableStream<Uint8Array>,
): Promise<ArrayBuffer>;
export declare function toBytes(
  stream: ReadableStream<Uint8Array>,
): Promise<Bytes>;
export declare function toText(stream: ReadableStream): Promise<string>;
