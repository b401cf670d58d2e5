// GET /api/v1/users/me/points
import { accept, fund, me, send } from './lib.js';
import { endpoint, rest, told, users } from './endpoint.js';

export const options = endpoint('points');
export const handleSummary = told('points');

export function setup() {
  fund(users, 1);
}

export default function () {
  const answer = send('GET', '/api/v1/users/me/points', { name: 'points', as: me() });
  accept(answer, 'my points are known', (b) => me() === `test-user-${b.userId}` && b.points > 0);
  rest();
}
