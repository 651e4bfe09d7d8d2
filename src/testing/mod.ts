/** The door of the testing room. @module */
export { assertCodec, type AssertCodecOptions } from "./assert_codec.ts";
export { checkTransport, type StreamPair } from "./check_transport.ts";
export { type ManualClock, manualClock } from "./manual_clock.ts";
export {
  type MemoryNetwork,
  memoryNetwork,
  type MemoryNetworkOptions,
  memoryPair,
  type MemoryStream,
} from "./memory_network.ts";
