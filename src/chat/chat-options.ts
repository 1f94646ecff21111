import type { ToolChoice } from './tool-spec.js';

/** What of a turn's options its chat template and its grammar are made of. */
export interface ChatOptions {
  /**
   * The answer follows this GBNF grammar; with messages the reasoning before it is free. Not together with `schema` or
   * tools.
   */
  grammar?: string | undefined;
  /** Default `auto`. */
  toolChoice?: ToolChoice | undefined;
  /** May the model call several tools in one turn? Default: true, and false where `toolChoice` forces a call. */
  parallelToolCalls?: boolean | undefined;
  /** Lets reasoning models think first. Default true. */
  thinking?: boolean | undefined;
}
