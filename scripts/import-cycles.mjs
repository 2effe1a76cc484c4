/**
 * One cycle for every knot of files that import each other (Tarjan's strongly connected components).
 *
 * @param {Map<string, string[]>} graph file → files it imports; unknown ones are left out
 * @returns {string[][]} each cycle as the files on it, in order of import, shortest way round from its first file
 */
export function cyclesOf(graph) {
  return knotsOf(graph).map((knot) => shortestRound(graph, knot)).sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function knotsOf(graph) {
  const index = new Map();
  const low = new Map();
  const stack = [];
  const onStack = new Set();
  const knots = [];
  const visit = (file) => {
    index.set(file, index.size);
    low.set(file, index.get(file));
    stack.push(file);
    onStack.add(file);
    for (const next of graph.get(file)) {
      if (!graph.has(next)) continue;
      if (!index.has(next)) visit(next);
      if (onStack.has(next)) low.set(file, Math.min(low.get(file), low.get(next)));
    }
    if (low.get(file) !== index.get(file)) return;
    const knot = new Set();
    let member;
    do {
      member = stack.pop();
      onStack.delete(member);
      knot.add(member);
    } while (member !== file);
    if (knot.size > 1 || graph.get(file).includes(file)) knots.push(knot);
  };
  for (const file of graph.keys()) if (!index.has(file)) visit(file);
  return knots;
}

function shortestRound(graph, knot) {
  const start = [...knot].sort()[0];
  const cameFrom = new Map();
  const waiting = [start];
  for (const file of waiting) {
    for (const next of graph.get(file)) {
      if (next === start) {
        const round = [file];
        while (round[0] !== start) round.unshift(cameFrom.get(round[0]));
        return round;
      }
      if (!knot.has(next) || cameFrom.has(next)) continue;
      cameFrom.set(next, file);
      waiting.push(next);
    }
  }
  throw new Error(`No way back to ${start} inside its own knot.`);
}
