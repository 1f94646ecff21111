import { type FormatName, fullFormats } from 'ajv-formats/dist/formats.js';
import type { Language } from './language.js';
import { languageOf } from './pattern.js';

const LEAP_YEAR = '(?:\\d\\d(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)';
const DAY_OF_MONTH =
  '(?:(?:0[13578]|1[02])-(?:0[1-9]|[12]\\d|3[01])|(?:0[469]|11)-(?:0[1-9]|[12]\\d|30)|02-(?:0[1-9]|1\\d|2[0-8]))';
const DATE = `(?:\\d{4}-${DAY_OF_MONTH}|${LEAP_YEAR}-02-29)`;
const HOUR = '(?:[01]\\d|2[0-3])';
const TIME = `${HOUR}:[0-5]\\d:[0-5]\\d(?:\\.\\d{1,6})?(?:Z|[+-]${HOUR}:[0-5]\\d)`;
const BYTE = '(?:25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const IPV4 = `(?:${BYTE}\\.){3}${BYTE}`;
const GROUP = '[0-9a-fA-F]{1,4}';
const shortened = (before: number) => `(?:${GROUP}:){1,${before}}(?::${GROUP}){1,${7 - before}}`;
const IPV6 = [
  `(?:${GROUP}:){7}${GROUP}`,
  `(?:${GROUP}:){1,7}:`,
  `:(?::${GROUP}){1,7}`,
  ...[1, 2, 3, 4, 5, 6].map(shortened),
].join('|');
const LABEL = '[A-Za-z][A-Za-z0-9]*(?:-[A-Za-z0-9]+)*';
const HOST = `${LABEL}(?:\\.${LABEL})*`;
const PATH_CHARACTER = "(?:[A-Za-z0-9._~!$&'()*+,;=:@-]|%[0-9A-Fa-f]{2})";
const QUERY = `(?:\\?(?:${PATH_CHARACTER}|[/?])*)?(?:#(?:${PATH_CHARACTER}|[/?])*)?`;
const PATH = `(?:/${PATH_CHARACTER}*)*`;
const URI = `(?:[A-Za-z][A-Za-z0-9+.-]*://(?:${HOST}|${IPV4})(?::\\d{1,4})?${PATH}|(?:mailto|urn|tel|data):${PATH_CHARACTER}+${PATH})${QUERY}`;
const HEX = '[0-9a-fA-F]';

/** What a model may write for a format: a part of what the format allows, wide enough for common values. */
const WRITTEN: Partial<Record<FormatName, string>> = {
  date: DATE,
  time: TIME,
  'date-time': `${DATE}T${TIME}`,
  duration: 'P(?!$)(?:(?:\\d+Y)?(?:\\d+M)?(?:\\d+D)?(?:T(?=\\d)(?:\\d+H)?(?:\\d+M)?(?:\\d+S)?)?|(?:\\d+W)?)',
  email: '[A-Za-z0-9_+-]+(?:\\.[A-Za-z0-9_+-]+)*@(?:[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*\\.)+[A-Za-z]{2,}',
  hostname: '[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*(?:\\.[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*)*',
  ipv4: IPV4,
  ipv6: IPV6,
  uri: URI,
  'uri-reference': `(?:${URI}|${PATH_CHARACTER.replace(':', '')}+${PATH}${QUERY}|(?:/${PATH_CHARACTER}+)+${QUERY})`,
  uuid: `${HEX}{8}-${HEX}{4}-${HEX}{4}-${HEX}{4}-${HEX}{12}`,
  byte: '(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?',
  'json-pointer': '(?:/(?:[^~/]|~0|~1)*)*',
};

/** Undefined: the format says nothing, or is looked at only when the answer is whole. */
export function formatLanguage(format: string): Language | undefined {
  const pattern = Object.hasOwn(WRITTEN, format) ? WRITTEN[format as FormatName] : undefined;
  return pattern === undefined ? undefined : languageOf(`^(?:${pattern})$`);
}

/** By the formats of ajv-formats; those that it does not know say nothing, as JSON Schema has it. */
export function hasFormat(format: string, value: string | number): boolean {
  const known = Object.hasOwn(fullFormats, format) ? fullFormats[format as FormatName] : true;
  if (known === true || typeof known === 'boolean' || typeof known === 'string') return true;
  if (known instanceof RegExp) return typeof value !== 'string' || known.test(value);
  if (typeof known === 'function') return typeof value !== 'string' || known(value);
  const { validate } = known;
  if ('type' in known && known.type === 'number') {
    return (
      typeof value !== 'number' ||
      typeof validate !== 'function' ||
      Boolean((validate as (n: number) => unknown)(value))
    );
  }
  if (typeof value !== 'string') return true;
  if (validate instanceof RegExp) return validate.test(value);
  return typeof validate !== 'function' || Boolean((validate as (text: string) => unknown)(value));
}
