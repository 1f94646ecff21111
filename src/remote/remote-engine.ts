import { Engine } from '../engine/engine.js';
import { connectChat } from './chat/connect-chat.js';
import { connectBackend } from './connect-backend.js';
import type { RemoteDoor } from './remote-door.js';
import type { RemoteOptions } from './remote-options.js';
import type { ServerStats } from './server-stats.js';

/**
 * An engine elsewhere, as an `Engine`: sessions, agents, graphs and journals work on it as they are. Token ids go there and come
 * back; templates, tokens, tool calls and stop texts are this package's own, of the model's GGUF without its weights.
 */
export class RemoteEngine extends Engine {
  readonly #door: RemoteDoor;

  /** Use `RemoteEngine.connect()`. */
  constructor(door: RemoteDoor) {
    super(door);
    this.#door = door;
  }

  /**
   * Connects to one server or several of the same model. Rejects with INVALID_OPTION, REMOTE_FAILED, MODEL_INVALID where the
   * server makes other tokens than the file, and as `Engine.load()` for the file.
   */
  static async connect(options: RemoteOptions): Promise<RemoteEngine> {
    return new RemoteEngine(connectChat(options) ?? (await connectBackend(options)));
  }

  /** False in chat mode: not every provider takes a seed, and an agent asks for none unless its caller does. */
  get seeds(): boolean {
    return !this.#door.inMessages;
  }

  /** Each server as it is seen from here: whether it is well, what it did, what it is believed to have cached. */
  servers(): ServerStats[] {
    return this.#door.servers();
  }

  /**
   * Sends nothing new to the server of that address, as it was given to `connect()`; its agent runs go on elsewhere. Resolves once
   * nothing is under way there: then it may be stopped. Rejects with INVALID_OPTION.
   */
  async drain(url: string): Promise<void> {
    await this.#door.drain(url, true);
  }

  /** Takes `drain()` back. Rejects with INVALID_OPTION. */
  async undrain(url: string): Promise<void> {
    await this.#door.drain(url, false);
  }
}
