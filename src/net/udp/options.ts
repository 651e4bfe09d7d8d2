/**
 * Decides what valid options of a datagram server are. What they share with connections is checked there.
 *
 * @module
 */

import {
  atLeast,
  type ConnectionSettings,
  resolveConnectionOptions,
} from "../options.ts";
import type { UdpOptions } from "./types.ts";

/** Options of a datagram server, complete and checked. */
export interface UdpSettings extends ConnectionSettings {
  readonly maxPeers: number;
  readonly peerIdleMs: number;
  readonly maxQueuedDatagrams: number;
  readonly maxQueuedBytes: number;
}

/**
 * Fills in and checks the options.
 *
 * @throws {RangeError} Names the option and its value.
 */
export function resolveUdpOptions<In, Out>(
  options: UdpOptions<In, Out>,
): UdpSettings {
  const {
    codec,
    maxPeers = 10_000,
    peerIdleMs = 60_000,
    maxQueuedDatagrams = 64,
    maxQueuedBytes = 16_777_216,
    maxOutboxBytes = 16_777_216,
  } = options;
  atLeast("maxPeers", maxPeers, 1);
  atLeast("peerIdleMs", peerIdleMs, 1);
  atLeast("maxQueuedDatagrams", maxQueuedDatagrams, 1);
  atLeast("maxQueuedBytes", maxQueuedBytes, 65_536);
  atLeast("maxOutboxBytes", maxOutboxBytes, 65_536);
  const shared = resolveConnectionOptions(
    { ...options, maxOutboxBytes },
    { name: codec.name, maxFrameBytes: 0 },
  );
  return {
    ...shared,
    maxPeers,
    peerIdleMs,
    maxQueuedDatagrams,
    maxQueuedBytes,
  };
}
