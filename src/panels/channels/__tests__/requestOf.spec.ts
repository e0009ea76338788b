import { Channel, NewChannel } from '../../../api/types';
import { ownRule, requestOf } from '../askChannel';

const rule = (project: string, event: string) => ({ events: [event], path: '', project });
const channel = (...rules: object[]) => ({ id: 'c', revision: 1, rules }) as unknown as Channel;
const stored = (known: Channel, events: string[]) => {
  const rules = [{ ...ownRule(known), events }] as NewChannel['rules'];
  const { body } = requestOf({ name: 'team', kind: 'url', rules }, known).question;
  return body.rules!.map(({ project, events: own }) => [project, own]);
};

describe('the form of a channel', () => {
  const wine = rule('wine', 'failed');
  const known = channel(wine, rule('', 'retried'));

  it('changes the rule without a project, and keeps rules of projects', () => {
    expect(ownRule(known)?.events).toEqual(['retried']);
    expect(stored(known, ['succeeded'])).toEqual([
      ['', ['succeeded']],
      ['wine', ['failed']]
    ]);
    expect(stored(known, [])).toEqual([['wine', ['failed']]]);
  });

  it('changes the rule of a project if the channel has no other', () => {
    expect(stored(channel(wine), ['succeeded'])).toEqual([['wine', ['succeeded']]]);
    expect(stored(channel(wine), [])).toEqual([]);
  });
});
