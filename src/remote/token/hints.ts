import type { NativeHint } from '../../native/binding.js';
import type { Aliases } from '../aliases.js';
import type { Servers, Trip } from '../servers/trip.js';
import type { Member } from './member.js';

/** Programs whose place is remembered, the latest. */
const MOST_PROGRAMS = 10_000;

/** Servers, and where each program was sent last: advice about it goes there. */
export class Hints implements Servers<Member> {
  readonly #servers: Servers<Member>;
  readonly #aliases: Aliases;
  readonly #last = new Map<number, Member>();

  constructor(servers: Servers<Member>, aliases: Aliases) {
    this.#servers = servers;
    this.#aliases = aliases;
  }

  get mostRetries(): number | undefined {
    return this.#servers.mostRetries;
  }

  elsewhere(failed: ReadonlySet<Member>): boolean {
    return this.#servers.elsewhere(failed);
  }

  finished(program: number): void {
    this.#last.delete(program);
    this.#servers.finished(program);
  }

  async send(...[parcel, failed, cancelled]: Parameters<Servers<Member>['send']>): Promise<Trip<Member>> {
    const trip = await this.#servers.send(parcel, failed, cancelled);
    const { program } = parcel;
    if (program === 0 || !trip.member.dialect.hint) return trip;
    this.#last.delete(program); // the latest last
    this.#last.set(program, trip.member);
    for (const oldest of this.#last.keys()) {
      if (this.#last.size <= MOST_PROGRAMS) break;
      this.#last.delete(oldest);
    }
    return trip;
  }

  tell(program: number, hint: NativeHint): void {
    const member = this.#last.get(program);
    if (hint.kind === 'finished') this.finished(program);
    member?.tell({ hint, program, client: this.#aliases.client, salt: this.#aliases.tenant(hint.salt) });
  }
}
