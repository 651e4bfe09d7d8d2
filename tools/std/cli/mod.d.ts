export * from "./parse_args.d.ts";
export declare function unicodeWidth(text: string): number;
