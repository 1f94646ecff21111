import { defineTool } from 'banyan';
import { type TextLimits, textField } from './text-field.js';

/** The clock is a tool: what changes from call to call stays at the end of a conversation, so prompts stay the same. */
export function getTimeTool(limits: TextLimits, now: () => Date = () => new Date()) {
  return defineTool({
    name: 'get_time',
    description: 'Get the local time in a city',
    input: { type: 'object', properties: { city: textField(limits) }, required: ['city'] },
    execute: (input) => {
      const { city } = input as { city: string };
      return { city, time: localTime(city, now()) };
    },
  });
}

/** HH:MM. Knows the cities that time zones are named after; throws on others. */
export function localTime(city: string, at: Date): string {
  const wanted = city.trim().toLowerCase().replaceAll(' ', '_');
  const timeZone = Intl.supportedValuesOf('timeZone').find((zone) => zone.toLowerCase().endsWith(`/${wanted}`));
  if (wanted === '' || timeZone === undefined) throw new Error(`no time zone is named after "${city}"`);
  return at.toLocaleTimeString('en-GB', { timeZone, hour: '2-digit', minute: '2-digit' });
}
