// POST /api/v1/users/me/points/charges
import { accept, fund, me, newKey, send } from './lib.js';
import { endpoint, rest, told, users } from './endpoint.js';

export const options = endpoint('charge');
export const handleSummary = told('charge');

export function setup() {
  fund(users, 1);
}

export default function () {
  const answer = send('POST', '/api/v1/users/me/points/charges', { name: 'charge', as: me(), key: newKey(), body: { amount: 1000 } });
  accept(answer, 'the points grow', (b) => b.points > 1000);
  rest();
}
