import type { ByteReader } from './byte-reader.js';

/** One field of a record as the addon writes it: native/core/record.h. */
export type RecordField = { readonly name: string } & (
  | { readonly type: 'number' | 'text' | 'flag' }
  /** An index into the words. */
  | { readonly type: 'word'; readonly words: readonly string[] }
  /** A record in place. */
  | { readonly type: 'record'; readonly fields: readonly RecordField[] }
);

/** What the addon says of the records in its event buffer: names and order of their fields. */
export interface RecordLayouts {
  readonly finish: readonly RecordField[];
  /** The kinds of decisions, in the order of their numbers. */
  readonly decisions: readonly { readonly kind: string; readonly fields: readonly RecordField[] }[];
}

/** The record that comes next. Its type is the caller's word: a test holds the names of each type against the layouts. */
export function readRecord<Type extends object>(reader: ByteReader, fields: readonly RecordField[]): Type {
  const record: Record<string, unknown> = {};
  for (const field of fields) record[field.name] = readField(reader, field);
  return record as Type;
}

function readField(reader: ByteReader, field: RecordField): unknown {
  switch (field.type) {
    case 'number':
      return reader.double();
    case 'flag':
      return reader.double() !== 0;
    case 'text':
      return reader.string();
    case 'word':
      return field.words[reader.double()];
    case 'record':
      return readRecord(reader, field.fields);
  }
}
