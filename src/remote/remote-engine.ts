import { Engine } from '../engine/engine.js';
import { connectBackend } from './connect-backend.js';
import type { RemoteOptions } from './remote-options.js';

/**
 * An engine elsewhere, as an `Engine`: sessions, agents, graphs and journals work on it as they are. Token ids go there and come
 * back; templates, tokens, tool calls and stop texts are this package's own, of the model's GGUF without its weights.
 */
export class RemoteEngine extends Engine {
  /**
   * Connects to one server or several of the same model. Rejects with INVALID_OPTION, REMOTE_FAILED, MODEL_INVALID where the
   * server makes other tokens than the file, and as `Engine.load()` for the file.
   */
  static async connect(options: RemoteOptions): Promise<RemoteEngine> {
    return new RemoteEngine(await connectBackend(options));
  }
}
