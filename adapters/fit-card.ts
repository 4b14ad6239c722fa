import type { CardPart, PlacedPart } from "../src/core/card.ts";

/** A part as a platform draws it, and how many characters of the message it takes. */
export interface Piece<Block> {
  readonly blocks: readonly Block[];
  readonly size: number;
}

/** How much a platform's message holds, in its own blocks and in characters. */
export interface Room {
  readonly blocks: number;
  readonly size: number;
  /** The most proposals that it shows; ten where nothing is said. */
  readonly proposals?: number;
}

/** The most proposals that one message shows with their buttons. */
const mostProposals = 10;
/** The most characters that one proposal takes, and the share of a message that all of them take together. */
const proposalMost = 1_600;
const proposalShare = 0.45;
/** The share of a message that any other part takes that must be shown. */
const keptShare = 0.125;

/** Pieces in one. */
export const joined = <Block>(pieces: readonly Piece<Block>[]): Piece<Block> => ({
  blocks: pieces.flatMap((piece) => piece.blocks),
  size: pieces.reduce((sum, piece) => sum + piece.size, 0),
});

const sentence = (left: number, hidden: number): string => {
  const rest = [
    ...(left === 0 ? [] : [`${left} ${left === 1 ? "part" : "parts"} of this report did not fit in one message`]),
    ...(hidden === 0 ? [] : [`${hidden} more ${hidden === 1 ? "recommendation" : "recommendations"} not shown`]),
  ];
  return rest.length === 0 ? "" : `${rest.join("; ")}. Ask about a single workload to see it whole.`;
};

/**
 * Draws the parts of a card that a message holds, in their order. Parts to keep are drawn first, each cut to its share; the
 * others follow while there is room for them whole. What is left out is counted in a note at the end.
 * `draw` gives a part in at most so many characters.
 */
export function fitCard<Block>(
  parts: readonly PlacedPart[],
  room: Room,
  draw: (part: CardPart, most: number) => Piece<Block>,
): readonly Piece<Block>[] {
  const proposals = parts.filter((part) => part.type === "proposal").length;
  const most = Math.min(mostProposals, room.proposals ?? mostProposals);
  const forProposal = Math.min(proposalMost, Math.floor((room.size * proposalShare) / Math.max(1, Math.min(proposals, most))));
  const forKept = Math.floor(room.size * keptShare);
  const isHidden = (part: PlacedPart): boolean => part.type === "proposal" && part.number > most;
  const kept = new Map(
    parts
      .filter((part) => part.keep === true && !isHidden(part))
      .map((part) => [part, draw(part, part.type === "proposal" ? forProposal : forKept)]),
  );
  const fixed = joined([...kept.values()]);
  let blocks = room.blocks - fixed.blocks.length - 1;
  let size = room.size - fixed.size - 200;
  let left = 0;
  const shown = parts.flatMap((part) => {
    const always = kept.get(part);
    if (always !== undefined) return [always];
    if (isHidden(part)) return [];
    const piece = draw(part, room.size);
    if (piece.blocks.length > blocks || piece.size > size) {
      left += 1;
      return [];
    }
    blocks -= piece.blocks.length;
    size -= piece.size;
    return [piece];
  });
  const note = sentence(left, Math.max(0, proposals - most));
  return note === "" ? shown : [...shown, draw({ type: "note", text: note }, room.size)];
}
