import { useState } from 'react';
import { IRequest } from '../../api/operations';
import { ShowAsCommand } from '../../spelling/ShowAsCommand';
import { Problems, problemsOf } from '../frame/dialogs/askUntilAccepted';
import { TextField } from '../frame/dialogs/PlainFields';
import { IPanelServices } from '../frame/services';
import { usePolicies } from '../runs/cleaning/CleanUpForm';
import { numberFields, numbersOf, textsOf, unreadNumbers } from '../runs/cleaning/numbers';
import { Policies } from '../runs/cleaning/Policies';
import { StatesField } from '../runs/cleaning/StatesField';

const EMPTY = { policy: '', ...textsOf({}) };

interface IRetentionProps {
  services: IPanelServices;
  project: string;
  /** Another number asks the server again. */
  turn: number;
}

/** The retention policies of a project, with what each deletes next, and a form for one. */
export function RetentionPolicies({ services, project, turn }: IRetentionProps): JSX.Element {
  const { yard, trans } = services;
  const [saved, setSaved] = useState(0);
  const policies = usePolicies(services, project, turn + saved);
  const [said, setSaid] = useState('');
  const remove = async (policy: string) => {
    try {
      await yard.client.call('projects.delete_policy', { path: { project, policy } });
      setSaid(trans.__('Deleted “%1”.', policy));
    } catch (error) {
      setSaid((error as Error).message);
    }
    setSaved(now => now + 1);
  };
  return (
    <>
      <p className="nby-Note">
        {trans.__(
          'Every day, a finished run of the project is deleted if any policy chooses it. Runs that are kept, named or in use stay.'
        )}
      </p>
      <div role="status">{said}</div>
      <Policies
        policies={policies}
        trans={trans}
        action={({ name }) => (
          <button
            type="button"
            className="nby-Link"
            aria-label={trans.__('Delete policy %1', name)}
            onClick={() => void remove(name)}
          >
            {trans.__('Delete')}
          </button>
        )}
      />
      <PolicyForm
        services={services}
        project={project}
        onSaved={name => {
          setSaid(trans.__('Saved “%1”.', name));
          setSaved(now => now + 1);
        }}
      />
    </>
  );
}

interface IPolicyFormProps {
  services: IPanelServices;
  project: string;
  onSaved: (name: string) => void;
}

function PolicyForm({ services, project, onSaved }: IPolicyFormProps): JSX.Element {
  const { yard, trans } = services;
  const [typed, setTyped] = useState(EMPTY);
  const [states, setStates] = useState<string[]>([]);
  const [problems, setProblems] = useState<Problems>({});
  const policy = typed.policy.trim();
  // Without a rule that is unreadable, a policy would delete more runs.
  const unread = unreadNumbers(typed);
  const question = () => ({ path: { project, policy }, body: { ...numbersOf(typed), states } });
  const request = (): IRequest | undefined =>
    policy && !unread.length ? { id: 'projects.set_policy', question: question() } : undefined;
  const save = async () => {
    if (unread.length) {
      setProblems(Object.fromEntries(unread.map(name => [name, trans.__('Enter a number.')])));
      return;
    }
    try {
      await yard.client.call('projects.set_policy', question());
      setTyped(EMPTY);
      setStates([]);
      setProblems({});
      onSaved(policy);
    } catch (error) {
      setProblems(problemsOf(error));
    }
  };
  const fields: [keyof typeof EMPTY, string][] = [
    ['policy', trans.__('Name of the policy')],
    ...numberFields(trans)
  ];
  return (
    <div className="nby-Form">
      <h3>{trans.__('Add or replace a policy')}</h3>
      {problems[''] && (
        <p className="nby-Field-error" role="alert">
          {problems['']}
        </p>
      )}
      {fields.map(([name, label]) => (
        <TextField
          key={name}
          label={label}
          inputMode={name === 'policy' ? undefined : 'decimal'}
          value={typed[name]}
          error={problems[name]}
          trans={trans}
          onChange={text => setTyped({ ...typed, [name]: text })}
        />
      ))}
      <StatesField states={states} trans={trans} onChange={setStates} />
      <button type="button" className="nby-Button" disabled={!policy} onClick={() => void save()}>
        {trans.__('Save Policy')}
      </button>
      <ShowAsCommand spelling={{ client: yard.client, request }} trans={trans} />
    </div>
  );
}
