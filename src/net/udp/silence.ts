/**
 * Who has been silent for how long. Keeps its members in the order in which they were last heard, so that the
 * one silent longest is at hand, and one timer serves them all. Decides when silence is noticed; what follows
 * is its owner's.
 *
 * @module
 */

import type { Clock, Timer } from "../../clock.ts";

/** Silence is noticed at most this share of it too late: many that end at almost the same time cost one timer. */
const LOOKS_PER_SILENCE = 64;

/** A member's place in the order. */
export interface Place<T> {
  readonly member: T;
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

  constructor(clock: Clock, limitMs: number, onSilent: (member: T) => void) {
    this.#clock = clock;
    this.#limitMs = limitMs;
    this.#onSilent = onSilent;
  }

  /** Who has been silent longest. */
  get longest(): T | undefined {
    return this.#first?.member;
  }

  /** Takes `member` in, as heard just now. */
  add(member: T): Place<T> {
    const place: Place<T> = {
      member,
      heardAtMs: this.#clock.now(),
      reported: false,
      before: undefined,
      after: undefined,
    };
    this.#append(place);
    return place;
  }

  /** The member has just been heard. */
  heard(place: Place<T>): void {
    place.heardAtMs = this.#clock.now();
    place.reported = false;
    if (place !== this.#last) {
      this.#unlink(place);
      this.#append(place);
    } else if (this.#timer === undefined) this.#arm();
  }

  /** Forgets the member. */
  remove(place: Place<T>): void {
    this.#unlink(place);
    if (this.#first === undefined) this.#disarm();
  }

  /** Forgets the time. What is heard later starts it again. */
  #disarm(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }

  #append(place: Place<T>): void {
    place.before = this.#last;
    place.after = undefined;
    if (this.#last === undefined) this.#first = place;
    else this.#last.after = place;
    this.#last = place;
    if (this.#timer === undefined) this.#arm();
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
    let next = this.#first;
    // The reported ones are the oldest, and wait for their handlers, not for the time.
    while (next?.reported) next = next.after;
    if (next === undefined) return;
    const dueInMs = next.heardAtMs + this.#limitMs - this.#clock.now();
    this.#timer = this.#clock.after(
      Math.max(dueInMs, this.#limitMs / LOOKS_PER_SILENCE),
      this.#look,
    );
  }

  readonly #look = (): void => {
    this.#timer = undefined;
    const untilMs = this.#clock.now() - this.#limitMs;
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
    if (this.#timer === undefined) this.#arm();
  };
}
