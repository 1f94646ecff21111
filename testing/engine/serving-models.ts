import OpenAI from 'openai';
import { Engine } from '../../src/engine/engine.js';
import type { EngineOptions } from '../../src/engine/engine-options.js';
import { Models } from '../../src/models/models.js';
import type { ModelsOptions } from '../../src/models/models-options.js';
import { type ServerOptions, serve } from '../../src/server/serve.js';
import { ScriptedEngine } from './scripted-engine.js';

/** More than models of tests take. */
export const AMPLE = 2 ** 30;

/** A server of several models. Disposing closes server and models. */
export async function servingModels(options: ModelsOptions, server: ServerOptions = {}) {
  const models = new Models(options);
  const started = await serve(models, { port: 0, ...server }).catch(async (reason) => {
    await models.close();
    throw reason;
  });
  const { url, close } = started;
  const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0 });
  const post = (path: string, body: object, init: RequestInit = {}) =>
    fetch(`${url}${path}`, { method: 'POST', body: JSON.stringify(body), ...init });
  const states = async () => {
    const { data } = (await fetch(`${url}/v1/models`).then((answer) => answer.json())) as { data: State[] };
    return Object.fromEntries(data.map(({ id, state }) => [id, state]));
  };
  const dispose = async () => {
    await close();
    await models.close();
  };
  return { models, server: started, url, openai, post, states, [Symbol.asyncDispose]: dispose };
}

interface State {
  id: string;
  state: string;
}

/** Scripted models that say their name and take 100 bytes each; a load waits for `gates`, `broken` ones fail. */
export async function scriptedModels(
  names: string[],
  options: Partial<ModelsOptions> = {},
  server: ServerOptions = {},
) {
  const gates = new Map<string, Promise<void>>();
  const broken = new Set<string>();
  const natives = new Map<string, ScriptedEngine>();
  const load = async ({ model = '' }: EngineOptions) => {
    await gates.get(model);
    if (broken.has(model)) throw new Error(`/secret/place/${model}.gguf is no model`);
    const native = new ScriptedEngine(() => `${model} says`);
    Object.assign(native.info, { sizeBytes: 100, poolBytes: 0, states: 0, stateBytes: 0 });
    Object.assign(native.info, { draftModelBytes: 0, draftPoolBytes: 0 });
    natives.set(model, native);
    return new Engine(native);
  };
  const models = Object.fromEntries(names.map((name) => [name, { model: name }]));
  const it = await servingModels({ models, memoryBytes: AMPLE, load, ...options }, { metrics: false, ...server });
  return { ...it, gates, broken, natives };
}
