import { useState } from 'react';
import { Button, LinkButton } from '../../components/Button';
import { PolicyRules } from '../../api/types';
import { Refusal } from '../../components/text/messages';
import { IField } from '../../forms/schema/field';
import {
  bodyOf,
  declaredFields,
  Problems,
  typedValues,
  unreadFields,
  Values
} from '../../forms/schema/fields';
import { SchemaForm } from '../../forms/schema/SchemaForm';
import { ShowAsCommand } from '../../spelling/ShowAsCommand';
import { problemsOf } from '../frame/dialogs/askUntilAccepted';
import { IPanelServices } from '../frame/services';
import { usePolicies } from '../runs/cleaning/CleanUpForm';
import { Policies } from '../runs/cleaning/Policies';

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
          <LinkButton
            aria-label={trans.__('Delete policy %1', name)}
            onClick={() => void remove(name)}
          >
            {trans.__('Delete')}
          </LinkButton>
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
  const name: IField = { name: 'policy', kind: 'text', label: trans.__('Name of the policy') };
  const rules = declaredFields('PolicyRules', trans);
  const fields = [name, ...rules];
  const [values, setValues] = useState<Values>(() => typedValues(fields));
  const [problems, setProblems] = useState<Problems>({});
  const policy = String(values.policy).trim();
  // Without a rule that is unreadable, a policy would delete more runs.
  const unread = unreadFields(rules, values, trans);
  const request = {
    id: 'projects.set_policy',
    question: { path: { project, policy }, body: bodyOf<PolicyRules>(rules, values) }
  } as const;
  const save = async () => {
    if (Object.keys(unread).length) {
      setProblems(unread);
      return;
    }
    try {
      await yard.client.call(request.id, request.question);
      setValues(typedValues(fields));
      setProblems({});
      onSaved(policy);
    } catch (error) {
      setProblems(problemsOf(error));
    }
  };
  const isReady = policy && !Object.keys(unread).length;
  const spelling = { client: yard.client, request: () => (isReady ? request : undefined) };
  return (
    <div className="nby-Form">
      <h3>{trans.__('Add or replace a policy')}</h3>
      <Refusal>{problems['']}</Refusal>
      <SchemaForm
        {...{ fields, values, problems, trans }}
        onChange={(name, value) => setValues({ ...values, [name]: value })}
      />
      <Button disabled={!policy} onClick={() => void save()}>
        {trans.__('Save Policy')}
      </Button>
      <ShowAsCommand spelling={spelling} trans={trans} />
    </div>
  );
}
