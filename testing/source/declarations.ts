import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

/** A property of an interface or of an object literal, as the source says it. */
export interface Declared {
  readonly name: string;
  /** Its doc comment in one line; '' without one. */
  readonly doc: string;
  /** Its type as it is written, comments left out; '' where none is. */
  readonly type: string;
  readonly optional: boolean;
  /** Of a property whose type or value has properties of its own. */
  readonly members: readonly Declared[];
}

/** A member of a union of types that are told apart by their `type`. */
export interface DeclaredEvent {
  /** The words of its `type`. */
  readonly types: readonly string[];
  /** Its doc comment in one line; '' without one. */
  readonly doc: string;
  /** Its properties but `type`. */
  readonly members: readonly Declared[];
}

const root = resolve(import.meta.dirname, '../..');

/** The properties of an exported interface or constant of a source file. Throws when there is no such thing. */
export function declared(file: string, name: string): Declared[] {
  for (const statement of sourceOf(file).statements) {
    if (ts.isInterfaceDeclaration(statement) && statement.name.text === name) return membersOf(statement.members);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name: variable, initializer } of statement.declarationList.declarations) {
      if (variable.getText() === name && initializer) return membersOfValue(initializer);
    }
  }
  throw new Error(`${file} declares no ${name}`);
}

/** The members of an exported union of a source file that are written there; those that it names are left out. Throws as `declared`. */
export function declaredEvents(file: string, name: string): DeclaredEvent[] {
  const source = sourceOf(file);
  for (const statement of source.statements) {
    if (!ts.isTypeAliasDeclaration(statement) || statement.name.text !== name) continue;
    if (!ts.isUnionTypeNode(statement.type)) break;
    let before = statement.type.pos;
    return statement.type.types.flatMap((node) => {
      const doc = plainComment(source.text.slice(before, node.getStart()));
      before = node.end;
      if (!ts.isTypeLiteralNode(node)) return [];
      const members = membersOf(node.members);
      const words = members.find((member) => member.name === 'type')?.type ?? '';
      const types = [...words.matchAll(/'([^']+)'/g)].map(([, word]) => word as string);
      return { types, doc, members: members.filter((member) => member.name !== 'type') };
    });
  }
  throw new Error(`${file} declares no union ${name}`);
}

function sourceOf(file: string): ts.SourceFile {
  return ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);
}

/** Of a member of a union the comment stands before the bar, where the parser sees none. */
function plainComment(text: string): string {
  const inner = /\/\*\*(.*?)\*\//s.exec(text)?.[1] ?? '';
  return inner
    .replace(/^\s*\*/gm, '')
    .replace(/\s+/g, ' ')
    .trim();
}

export const namesOf = (members: readonly { readonly name: string }[]) => members.map(({ name }) => name);

function membersOfValue(value: ts.Expression): Declared[] {
  return ts.isObjectLiteralExpression(value) ? membersOf(value.properties) : [];
}

function membersOf(nodes: readonly (ts.TypeElement | ts.ObjectLiteralElementLike)[]): Declared[] {
  return nodes.flatMap((node) => {
    if (!node.name) return []; // a spread
    const property = ts.isPropertySignature(node) ? node : undefined;
    const type = (property?.type?.getText() ?? '').replace(/\/\*.*?\*\//gs, '').replace(/\s+/g, ' ');
    const optional = property?.questionToken !== undefined;
    return { name: node.name.getText(), doc: docOf(node), type, optional, members: innerOf(node) };
  });
}

function innerOf(node: ts.Node): Declared[] {
  if (ts.isPropertySignature(node) && node.type && ts.isTypeLiteralNode(node.type)) return membersOf(node.type.members);
  return ts.isPropertyAssignment(node) ? membersOfValue(node.initializer) : [];
}

function docOf(node: ts.Node): string {
  const [comment] = ts.getJSDocCommentsAndTags(node).filter(ts.isJSDoc);
  return (ts.getTextOfJSDocComment(comment?.comment) ?? '').replace(/\s+/g, ' ').trim();
}
