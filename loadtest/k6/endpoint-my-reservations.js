// GET /api/v1/users/me/reservations
import { accept, fund, me, send } from './lib.js';
import { endpoint, rest, told, users } from './endpoint.js';

export const options = endpoint('my reservations');
export const handleSummary = told('my reservations');

export function setup() {
  fund(users, 1);
}

export default function () {
  const answer = send('GET', '/api/v1/users/me/reservations', { name: 'my reservations', as: me() });
  accept(answer, 'reservations are a list', (b) => Array.isArray(b));
  rest();
}
