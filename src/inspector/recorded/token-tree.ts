/** An edge of the tree: what prompts have in common before they part. */
export interface TokenNode {
  parent: TokenNode | undefined;
  /** Tokens before it. */
  begin: number;
  tokens: number[];
  readonly children: Map<number, TokenNode>;
}

/** A sequence in the tree: it ends in this node or above it, after `length` tokens. */
export interface Place {
  readonly node: TokenNode;
  readonly length: number;
}

/** Where a sequence has come to lie, and how many of its tokens were there before, in this order, from the beginning on. */
export interface Placed extends Place {
  readonly known: number;
}

const endOf = ({ begin, tokens }: TokenNode) => begin + tokens.length;

/** All that was asked of an engine: sequences of tokens as a radix tree, a root a tenant. */
export class TokenTree {
  readonly #roots = new Map<number, TokenNode>();

  get roots(): readonly TokenNode[] {
    return [...this.#roots.values()];
  }

  /** An empty sequence of a tenant. */
  root(tenant: number): Place {
    const known = this.#roots.get(tenant);
    const node = known ?? { parent: undefined, begin: 0, tokens: [], children: new Map() };
    this.#roots.set(tenant, node);
    return { node, length: 0 };
  }

  /** The sequence that begins with `keep` tokens of `from`, which has as many, and goes on with `tokens`. */
  insert(from: Place, keep: number, tokens: readonly number[]): Placed {
    let node = nodeAt(from, keep);
    let at = keep;
    const length = keep + tokens.length;
    while (at < length) {
      const token = tokens[at - keep] as number;
      if (at < endOf(node)) {
        if (node.tokens[at - node.begin] === token) {
          at++;
          continue;
        }
        node = split(node, at);
      }
      const child = node.children.get(token);
      if (!child) {
        const made = { parent: node, begin: at, tokens: tokens.slice(at - keep), children: new Map() };
        node.children.set(token, made);
        return { node: made, length, known: at };
      }
      node = child;
    }
    return { node, length, known: length };
  }

  /** How many tokens two sequences begin with alike. */
  static common(a: Place, b: Place): number {
    let [one, other] = [a.node, b.node];
    while (one !== other) {
      if (one.begin > other.begin || (one.begin === other.begin && one.parent)) one = one.parent ?? one;
      else if (other.parent) other = other.parent;
      else return 0;
    }
    return Math.min(a.length, b.length, endOf(one));
  }
}

/** The node that holds the token before `length`: the place's own, or one above it. */
export function nodeAt({ node }: Place, length: number): TokenNode {
  let at = node;
  while (at.parent && at.begin >= length) at = at.parent;
  return at;
}

/** Cuts a node before token `at`. The lower part stays what it is, so that places in it stay right; returns the upper one. */
function split(node: TokenNode, at: number): TokenNode {
  const { parent, begin } = node;
  const upper: TokenNode = { parent, begin, tokens: node.tokens.slice(0, at - begin), children: new Map() };
  parent?.children.set(upper.tokens[0] as number, upper);
  node.tokens = node.tokens.slice(at - begin);
  node.begin = at;
  node.parent = upper;
  upper.children.set(node.tokens[0] as number, node);
  return upper;
}
