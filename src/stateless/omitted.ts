/** What the model reads in place of something that is no text, in a tool's result: an agent's loop goes on without it. */
export function omitted(type: string): string {
  return `[${type.replace(/[-_]/g, ' ')} omitted: this model reads text only]`;
}
