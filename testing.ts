/**
 * What tests of networked programs need: a contract for codecs and one for transports, a clock that is moved by hand, and a network in memory that tears,
 * delays and resets. Needs no permission.
 *
 * @module
 */

export {
  assertCodec,
  type AssertCodecOptions,
  checkTransport,
  type ManualClock,
  manualClock,
  type MemoryNetwork,
  memoryNetwork,
  type MemoryNetworkOptions,
  memoryPair,
  type MemoryStream,
  type StreamPair,
} from "./src/testing/mod.ts";
