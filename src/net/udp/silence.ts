/**
 * Who has been silent for how long. Keeps its members in the order in which they were last heard, so that the one
 * silent longest is at hand. One timer serves them all, and lends them its time: reading a clock for each datagram
 * would cost as much as finding its peer. Decides when silence is noticed; what follows is its owner's.
 *
 *     tick          tick          tick                     heard here: counts as heard at the tick after it,
 *      |------x------|-------------|                       so nobody is found silent too early
 *
 * @module
 */

import type { Clock, Timer } from "../../clock.ts";

/** Ticks in the time that makes a silence: it is noticed at most two ticks late. */
const TICKS_PER_SILENCE = 64;

/** A member's place in the order. */
export interface Place<T> {
  readonly member: T;
  /** Never earlier than it was. */
  heardAtMs: number;
  /** Its silence was reported, and it has not been heard since. */
  reported: boolean;
  before: Place<T> | undefined;
  after: Place<T> | undefined;
}

/** The members of one server, from the one silent longest to the one heard last. */
export class Silence<T> {
  readonly #clock: Clock;
  readonly #limitMs: number;
  readonly #onSilent: (member: T) => void;
  #first: Place<T> | undefined;
  #last: Place<T> | undefined;
  #timer: Timer | undefined;
  readonly #tickMs: number;
  /** When the next tick is due. */
  #nextTickMs = 0;

  constructor(clock: Clock, limitMs: number, onSilent: (member: T) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#tickMs = limitMs / TICKS_PER_SILENCE;
    this.#onSilent = onSilent;
  }

  /** Who has been silent longest. */
  get longest(): T | undefined {
    return this.#first?.member;
  }

  /** Takes `member` in, as heard just now. */
  add(member: T): Place<T> {
    if (this.#timer === undefined) this.#arm();
    const place: Place<T> = {
      member,
      heardAtMs: this.#nextTickMs,
      reported: false,
      before: undefined,
      after: undefined,
    };
    this.#append(place);
    return place;
  }

  /** The member has just been heard. */
  heard(place: Place<T>): void {
    place.heardAtMs = this.#nextTickMs;
    place.reported = false;
    if (place === this.#last) return;
    this.#unlink(place);
    this.#append(place);
  }

  /** Forgets the member. */
  remove(place: Place<T>): void {
    this.#unlink(place);
    if (this.#first !== undefined) return;
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #append(place: Place<T>): void {
    place.before = this.#last;
    place.after = undefined;
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
  }

  #unlink(place: Place<T>): void {
    const { before, after } = place;
    if (before === undefined) this.#first = after;
    else before.after = after;
    if (after === undefined) this.#last = before;
    else after.before = before;
  }

  #arm(): void {
    if (this.#limitMs === Infinity) return;
    this.#nextTickMs = this.#clock.now() + this.#tickMs;
    this.#timer = this.#clock.after(this.#tickMs, this.#tick);
  }

  readonly #tick = (): void => {
    this.#timer = undefined;
    const nowMs = this.#clock.now();
    // So late that the process must have stood still: what came meanwhile has not been read yet.
    const wasAbsent = nowMs - this.#nextTickMs > this.#tickMs;
    if (!wasAbsent) this.#look(nowMs - this.#limitMs);
    if (this.#first !== undefined && this.#timer === undefined) this.#arm();
  };

  #look(untilMs: number): void {
    // Gathered first: whoever is told may well remove members.
    const silent: T[] = [];
    for (
      let place = this.#first;
      place !== undefined && place.heardAtMs <= untilMs;
      place = place.after
    ) {
      if (place.reported) continue;
      place.reported = true;
      silent.push(place.member);
    }
    for (const member of silent) this.#onSilent(member);
  }
}
