import type { Backend, BackendRequest } from '../../backend/backend.js';
import { newGroup, Program } from '../../engine/program.js';
import { complete } from '../../kit/complete-options.js';
import { LruCache } from '../../kit/lru-cache.js';
import { readTable } from '../../kit/option-table.js';
import type { ChatFormat } from '../../native/binding.js';
import { REQUEST } from '../../native/request-options.js';
import { SAMPLING } from '../../native/sampling-options.js';
import type { TokenFormat, TokenRequest, WireHints } from './token-wire.js';

/** Programs and groups of clients that are remembered, by their numbers there. */
const MOST_NAMES = 10_000;
/** Formats of chats: one for each set of tools and settings, in so many characters of them. */
const MOST_FORMATS = 256;
const MOST_FORMAT_CHARACTERS = 16 * 2 ** 20;

/** An engine as other processes reach it by token ids: their numbers become its own, their options its requests. */
export class TokenDoor {
  readonly backend: Backend;
  readonly #programs = new LruCache<number>(MOST_NAMES);
  readonly #groups = new LruCache<number>(MOST_NAMES);
  readonly #formats = new LruCache<Promise<ChatFormat>>(MOST_FORMATS, MOST_FORMAT_CHARACTERS);

  constructor(backend: Backend) {
    this.backend = backend;
  }

  /** Advice about a client's programs. */
  take({ client, hints }: WireHints): void {
    for (const { program, tenant, tokens, ...said } of hints) {
      this.backend.hint(this.#program(client, program), { ...said, salt: tenant, tokens: Int32Array.from(tokens) });
    }
  }

  /** The number that a client's program has here. */
  #program(client: string, program: number): number {
    if (program === 0) return 0;
    return this.#programs.get(`${client} ${program}`, () => new Program(this.backend).id);
  }

  /** A request that is ready to run. Rejects with INVALID_*, CLOSED. */
  async request(body: TokenRequest, label: string): Promise<BackendRequest> {
    const { client, group, tenant: salt, staticTokens, boundary, begun, stop, logitBias, grammar, jsonSchema } = body;
    const chat = body.format ? await this.#format(body.format) : null;
    const constrained = grammar !== '' || jsonSchema !== '';
    return {
      ...complete(REQUEST, readTable('options', body.options, REQUEST)),
      sampling: complete(SAMPLING, readTable('sampling', body.sampling, SAMPLING, 'sampling.')),
      prompt: Int32Array.from(body.prompt),
      program: this.#program(client, body.program),
      group: group ? this.#groups.get(`${client} ${group.id}`, newGroup) : 0,
      groupSize: group?.size ?? 0,
      ...{ salt, staticTokens, boundary, begun, stop, logitBias, label, chat },
      grammar: constrained ? await this.backend.parseGrammar(grammar, jsonSchema) : null,
    };
  }

  #format(format: TokenFormat): Promise<ChatFormat> {
    const key = JSON.stringify(format);
    const made = this.#formats.get(key, async () => (await this.backend.renderChat(format)).format);
    made.catch(() => this.#formats.delete(key));
    return made;
  }
}
