import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import ts from 'typescript';

/** A property of an interface or of an object literal, as the source says it. */
export interface Declared {
  readonly name: string;
  /** Its doc comment in one line; '' without one. */
  readonly doc: string;
  /** Of a property whose type or value has properties of its own. */
  readonly members: readonly Declared[];
}

const root = resolve(import.meta.dirname, '../..');

/** The properties of an exported interface or constant of a source file. Throws when there is no such thing. */
export function declared(file: string, name: string): Declared[] {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), 'utf8'), ts.ScriptTarget.Latest, true);
  for (const statement of source.statements) {
    if (ts.isInterfaceDeclaration(statement) && statement.name.text === name) return membersOf(statement.members);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name: variable, initializer } of statement.declarationList.declarations) {
      if (variable.getText() === name && initializer) return membersOfValue(initializer);
    }
  }
  throw new Error(`${file} declares no ${name}`);
}

export const namesOf = (members: readonly { readonly name: string }[]) => members.map(({ name }) => name);

function membersOfValue(value: ts.Expression): Declared[] {
  return ts.isObjectLiteralExpression(value) ? membersOf(value.properties) : [];
}

function membersOf(nodes: readonly (ts.TypeElement | ts.ObjectLiteralElementLike)[]): Declared[] {
  return nodes.flatMap((node) => {
    if (!node.name) return []; // a spread
    return { name: node.name.getText(), doc: docOf(node), members: innerOf(node) };
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
