export interface Poll {
  id: number;
  owner: string;
  question: string;
  votes: Map<string, "yes" | "no">;
}

export const polls = new Map<number, Poll>();
polls.set(1, { id: 1, owner: "nobody", question: "Tabs?", votes: new Map() });
