// GET /api/v1/users/me/points/history
import { accept, fund, me, send } from './lib.js';
import { endpoint, rest, told, users } from './endpoint.js';

export const options = endpoint('history');
export const handleSummary = told('history');

export function setup() {
  fund(users, 1);
}

export default function () {
  const answer = send('GET', '/api/v1/users/me/points/history?limit=20', { name: 'history', as: me() });
  accept(answer, 'the ledger has entries', (b) => b.items.length > 0 && b.items[0].balanceAfter >= 0);
  rest();
}
