/**
 * The kinds of nodes in the syntax tree of a template. Expressions have the form that @huggingface/jinja gives them.
 */

/** A block of statements: nodes of expressions stand for their printed values. */
export type Block = readonly Node[];

/** A name with or without a default. */
export type Parameter = Identifier | KeywordArgument;

/** What can be an argument of a call. */
export type Argument = Node | KeywordArgument | Spread | KeywordSpread;

export interface Identifier {
  readonly type: "Identifier";
  readonly value: string;
}
export interface KeywordArgument {
  readonly type: "KeywordArgumentExpression";
  readonly key: Identifier;
  readonly value: Node;
}
export interface Spread {
  readonly type: "SpreadExpression";
  readonly argument: Node;
}
export interface KeywordSpread {
  readonly type: "KeywordSpreadExpression";
  readonly argument: Node;
}
export interface Call {
  readonly type: "CallExpression";
  readonly callee: Node;
  readonly args: readonly Argument[];
}
export interface Select {
  readonly type: "SelectExpression";
  readonly lhs: Node;
  readonly test: Node;
}
export interface Slice {
  readonly type: "SliceExpression";
  readonly start?: Node;
  readonly stop?: Node;
  readonly step?: Node;
}
export interface Member {
  readonly type: "MemberExpression";
  readonly object: Node;
  readonly property: Node | Slice;
  readonly computed: boolean;
}
export interface Binary {
  readonly type: "BinaryExpression";
  readonly operator: { readonly value: string };
  readonly left: Node;
  readonly right: Node;
}
export interface Tuple {
  readonly type: "TupleLiteral";
  readonly value: readonly Node[];
}
export interface For {
  readonly type: "For";
  readonly loopvar: Identifier | Tuple;
  readonly iterable: Node;
  readonly body: Block;
  readonly defaultBlock: Block;
}
export interface SetNode {
  readonly type: "Set";
  readonly assignee: Node;
  readonly value: Node | null;
  readonly body: Block;
}
export interface Macro {
  readonly type: "Macro";
  readonly name: Identifier;
  readonly args: readonly Parameter[];
  readonly body: Block;
}
export interface CallBlock {
  readonly type: "CallStatement";
  readonly call: Call;
  readonly callerArgs: readonly Parameter[] | null;
  readonly body: Block;
}

/** The nodes that print something or have a value, and those that do something. */
export type Node =
  | Identifier
  | Call
  | Select
  | Member
  | Binary
  | Tuple
  | { readonly type: "IntegerLiteral" | "FloatLiteral"; readonly value: number }
  | { readonly type: "StringLiteral"; readonly value: string }
  | { readonly type: "ArrayLiteral"; readonly value: readonly Node[] }
  | { readonly type: "ObjectLiteral"; readonly value: ReadonlyMap<Node, Node> }
  | { readonly type: "UnaryExpression"; readonly operator: { readonly value: string }; readonly argument: Node }
  | { readonly type: "FilterExpression"; readonly operand: Node; readonly filter: Identifier | Call }
  | { readonly type: "TestExpression"; readonly operand: Node; readonly negate: boolean; readonly test: Identifier }
  | { readonly type: "Ternary"; readonly condition: Node; readonly trueExpr: Node; readonly falseExpr: Node }
  | { readonly type: "If"; readonly test: Node; readonly body: Block; readonly alternate: Block }
  | For
  | SetNode
  | Macro
  | CallBlock
  | { readonly type: "FilterStatement"; readonly filter: Identifier | Call; readonly body: Block }
  | { readonly type: "Break" | "Continue" | "Comment" };
