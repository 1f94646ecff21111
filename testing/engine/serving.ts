import { Engine } from '../../src/engine/engine.js';
import { type Server, type ServerOptions, serve } from '../../src/server/serve.js';
import { type Script, scripted } from './scripted-engine.js';

/** A server on a free port, and its engine. Disposing closes both. */
export interface Serving extends AsyncDisposable {
  readonly engine: Engine;
  readonly server: Server;
  /** Such as `http://127.0.0.1:8080`. */
  readonly url: string;
}

/** A server of an engine; without one, of the embedded model. */
export async function serving(engine?: Engine, options: ServerOptions = {}): Promise<Serving> {
  const served = engine ?? (await Engine.load());
  const server = await serve(served, { port: 0, ...options });
  const close = async () => {
    await server.close();
    await served.close();
  };
  return { engine: served, server, url: server.url, [Symbol.asyncDispose]: close };
}

/** A server of a scripted model; `native` is what plays the engine. */
export async function servingScript(script: Script = () => 'Hi', options: ServerOptions = {}) {
  const { engine, native } = scripted(script);
  return { ...(await serving(engine, options)), native };
}
