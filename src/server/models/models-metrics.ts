import { Gauge, Registry } from 'prom-client';
import type { Models } from '../../models/models.js';

/** Families of several models: which are loaded, how often that was done, and what they take. */
export function countModels(models: Models): Registry {
  const registry = new Registry();
  const registers = [registry];
  const labelNames = ['model_name'];
  const each = (name: string, help: string, of: (report: ReturnType<Models['report']>[number]) => number) => {
    new Gauge({
      ...{ name, help, labelNames, registers },
      collect() {
        for (const report of models.report()) this.set({ model_name: report.name }, of(report));
      },
    });
  };
  each('banyan_model_loaded', 'Is the model loaded?', ({ state }) => (state === 'loaded' ? 1 : 0));
  each('banyan_model_users', 'Requests that use the model or wait for it.', ({ users }) => users);
  each('banyan_model_loads', 'How often it was loaded.', ({ loads }) => loads);
  each('banyan_model_bytes', 'What it takes while it is loaded; 0: it never was.', ({ bytes = 0 }) => bytes);
  return registry;
}
