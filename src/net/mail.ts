/**
 * The messages that other actors send to one connection or peer, and the questions that wait for its answers. Made when the
 * first one comes, because most peers never get any. Runs no turns; whoever owns it takes messages out.
 *
 * @module
 */

import {
  type AskOptions,
  Asks,
  crashedOn,
  Mailbox,
  mailboxFull,
  type ReplyTo,
  type TellVerdict,
} from "../actor/mod.ts";
import type { ConnectionSettings } from "./options.ts";

/** Whose mail it is. */
export interface MailOwner {
  readonly name: string;
  /** Whether anybody would read a message, as far as is known. */
  takesMessages(): boolean;
  /** Called when a message comes into an empty mailbox. */
  onMail(): void;
}

/** The options that concern mail. */
export type MailSettings = Pick<
  ConnectionSettings,
  "mailbox" | "clock" | "emit" | "onRefused"
>;

/** The mail of one owner. */
export class Mail<M> {
  readonly #owner: MailOwner;
  readonly #settings: MailSettings;
  readonly #mailbox: Mailbox<M>;
  readonly #asks: Asks;

  constructor(owner: MailOwner, settings: MailSettings) {
    const { mailbox, clock } = settings;
    this.#owner = owner;
    this.#settings = settings;
    this.#asks = new Asks(owner.name, clock);
    this.#mailbox = new Mailbox<M>(owner.name, mailbox);
    this.#mailbox.onMail = () => owner.onMail();
    this.#mailbox.onDrop = (count, oldest) => {
      if (oldest !== undefined) this.#refuse(oldest, mailboxFull(owner.name));
      this.#dropped(count);
    };
  }

  /** Messages that wait. */
  get size(): number {
    return this.#mailbox.size;
  }

  /** As `ActorRef.tell`; "dropped" where the handler has no callback for messages. */
  tell(message: M): TellVerdict {
    if (this.#owner.takesMessages()) return this.#mailbox.tell(message);
    this.#dropped(1);
    this.#settings.onRefused?.(message, this.#unheard("ask"));
    return "dropped";
  }

  /** As `ActorRef.deliver`. */
  async deliver(
    message: M,
    options?: { signal?: AbortSignal },
  ): Promise<void> {
    if (!this.#owner.takesMessages()) throw this.#unheard("deliver to");
    await this.#mailbox.deliver(message, options);
  }

  /** As `ActorRef.ask`. */
  ask<R>(make: (reply: ReplyTo<R>) => M, options?: AskOptions): Promise<R> {
    if (!this.#owner.takesMessages()) {
      return Promise.reject(this.#unheard("ask"));
    }
    return this.#asks.ask((message: M) => this.tell(message), make, options);
  }

  /** The oldest message; the caller has seen a `size` above 0. */
  shift(): M {
    return this.#mailbox.shift();
  }

  /**
   * Drops what waits, because the handler that there is now has no callback for messages: they came while one was
   * being made, when nobody knew. Who asks is told why.
   */
  drop(): void {
    let count = 0;
    for (; this.size > 0; count++) {
      this.#refuse(this.shift(), this.#unheard("ask"));
    }
    this.#dropped(count);
  }

  /** The turn that took `message` failed: whoever asked by it is told. */
  fail(message: M, error: unknown): void {
    this.#refuse(message, crashedOn(this.#owner.name, error));
  }

  /** Refuses what waits and everything that comes later. */
  close(): void {
    this.#mailbox.close();
    this.#asks.close();
  }

  #refuse(message: M, error: unknown): void {
    this.#asks.refuse(message, error);
    this.#settings.onRefused?.(message, error);
  }

  #unheard(verb: string): TypeError {
    return new TypeError(
      `Cannot ${verb} ${this.#owner.name}: its handler has no 'message' callback`,
    );
  }

  #dropped(count: number): void {
    this.#settings.emit({ kind: "dropped", actor: this.#owner.name, count });
  }
}
