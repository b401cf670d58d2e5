// GET /api/v1/users/me
import { accept, fund, me, send } from './lib.js';
import { endpoint, rest, told, users } from './endpoint.js';

export const options = endpoint('me');
export const handleSummary = told('me');

export function setup() {
  fund(users, 1);
}

export default function () {
  const answer = send('GET', '/api/v1/users/me', { name: 'me', as: me() });
  accept(answer, 'it is my account', (b) => me() === `test-user-${b.userId}`);
  rest();
}
