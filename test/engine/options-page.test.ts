import { describe, expect, test } from 'vitest';
import { rangeOf } from '../../src/kit/option-table.js';
import { commentsOf, optionsPage, SECTIONS, shownNumber } from '../../testing/source/options-page.js';

test('docs/options.md is made of the tables as they are', async () => {
  await expect(optionsPage()).toMatchFileSnapshot('../../docs/options.md');
});

// What a hover shows is written by hand, beside the option. It says the range that is enforced and the default that is taken.
describe.each(SECTIONS)('the comments of $title', (section) => {
  const comments = commentsOf(section);
  test.each(Object.entries(section.table))('%s', (name, { shape, fallback }) => {
    const comment = comments.get(name) ?? '';
    expect(comment).toMatch(/^[A-Z].*\.$/);
    if (section.native) return; // the policy's numbers are in the page alone
    if (shape.kind === 'number' && name !== 'forceTools') {
      const { min, max } = rangeOf(name, shape.range);
      expect(comment).toContain(`${shownNumber(min)} to ${shownNumber(max)}`);
    }
    if (typeof fallback === 'number') expect(comment).toContain(`Default ${shownNumber(fallback)}`);
    if (typeof fallback === 'boolean') expect(comment).toContain(`Default ${fallback}`);
    if (typeof fallback === 'string' && fallback !== '') expect(comment).toContain(`Default \`${fallback}\``);
  });
});
