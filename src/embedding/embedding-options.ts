import { EMBEDDING } from '../native/embedding-options.js';
import { name, type OptionsOf, signal } from '../native/option-kinds.js';

/** What an embedding has besides the options that the addon reads as they are. */
const MORE = {
  /** Tenant that asks: tenants take turns, whatever each of them sends. Default: one for all. */
  tenant: name(''),
  /** Signal that aborts: the call rejects with ABORTED. */
  signal: signal(),
};

/** Options of engine.embed(). */
export interface EmbeddingOptions extends OptionsOf<typeof EMBEDDING>, OptionsOf<typeof MORE> {}

/** The table of EmbeddingOptions. */
export const EMBED = { ...EMBEDDING, ...MORE };
