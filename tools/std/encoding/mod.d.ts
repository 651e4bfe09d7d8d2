export * from "./base64.d.ts";
export * from "./hex.d.ts";
