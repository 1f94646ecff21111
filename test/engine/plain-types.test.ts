import { expect, test } from 'vitest';
import { openEngine, RAMBLING_MODEL } from '../../testing/engine/random-engine.js';
import { llamaTemplates } from '../../testing/models/llama-templates.js';

/** Their macros of types know one name a property. */
const STRICT = /command-r-plus-tool|GigaChat|Hermes-[23]-.*tool|ByteDance/;
const templates = llamaTemplates().filter(([name]) => STRICT.test(name));

test.each(templates)(
  '%s shows tools whose properties have several types, none, or only null',
  async (_name, chatTemplate) => {
    const engine = await openEngine(RAMBLING_MODEL, { chatTemplate });
    const properties = {
      to: { type: ['string', 'null'] },
      any: {},
      none: { type: 'null' },
      one: { anyOf: [{ type: 'null' }, { type: 'integer' }] },
    };
    const tools = [{ name: 'mail', description: 'Sends', parameters: { type: 'object', properties } }];
    const { tokens } = await engine.generate([{ role: 'user', content: 'Hi' }], { tools, maxTokens: 1 });
    expect(tokens).toHaveLength(1);
    await engine.close();
  },
);
