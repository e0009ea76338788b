import { useEffect, useReducer, useRef, useState } from 'react';
import { IRequest } from '../../../api/operations';
import { Deployment } from '../../../api/types';
import { useDraft, useForgetDraft } from '../../../components/hooks/useDraft';
import { Refusal, Waiting } from '../../../components/text/messages';
import { Problems, unreadFields, Values, withoutProblem } from '../../../forms/schema/fields';
import { hidden, ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { IPanelServices } from '../../frame/services';
import { deploymentsOf } from '../state/collection';
import { changeOf, fieldsOf, placedProblems, storedValues, valuesOf } from './draft';
import { FieldList, HelpSwitch } from './FieldList';
import { WRONG } from './PortsField';
import { IOffer, useForm } from './useForm';

interface IConfigurationProps {
  services: IPanelServices;
  deployment: Deployment;
  onSaved: () => void;
}

/** The settings of a deployment, to read and to change. */
export function Configuration(props: IConfigurationProps): JSX.Element {
  const { trans } = props.services;
  const offer = useForm(props.services);
  if (!offer || typeof offer === 'string') {
    return <Waiting problem={offer}>{trans.__('Loading…')}</Waiting>;
  }
  return <Form {...props} offer={offer} />;
}

function Form(props: IConfigurationProps & { offer: IOffer }): JSX.Element {
  const { services, offer, onSaved } = props;
  const { yard, trans } = services;
  const [opened] = useState(props.deployment); // changes of others must not overwrite the form
  const { id, revision, changed_at, spec } = opened;
  const now = valuesOf(opened);
  const fields = fieldsOf(offer.form, spec, trans)
    .filter(({ name }) => name !== 'name')
    .map(field => ({ ...field, default: now[field.name], required: false }));
  const [draft, setDraft] = useDraft<Values>(
    `configuration/${revision} ${changed_at}`,
    () => ({}),
    changed => storedValues(offer.form, changed, trans)
  );
  const forgetDraft = useForgetDraft();
  const [withHelp, setHelp] = useState(false);
  const [problems, setProblems] = useState<Problems>({});
  const [isBusy, setBusy] = useState(false);
  const [refusals, countRefusal] = useReducer((round: number) => round + 1, 0);
  const place = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (refusals) {
      place.current?.querySelector<HTMLElement>(WRONG)?.focus();
    }
  }, [refusals]);
  const change = changeOf(fields, draft, now);
  const unread = unreadFields(fields, draft, trans);
  const refuse = (refused: Problems) => {
    setBusy(false);
    setProblems(refused);
    countRefusal();
  };

  const request = (): IRequest | undefined => {
    if (Object.keys(unread).length) {
      return undefined;
    }
    const { password } = change;
    const body = { ...change, ...(password && { password: hidden(password) }), revision };
    return { id: 'deployments.edit', question: { path: { deployment: id }, body } };
  };
  const save = async () => {
    if (isBusy || Object.keys(unread).length) {
      return refuse(unread);
    }
    setBusy(true);
    try {
      const body = { ...change, revision, changed_at };
      const path = { deployment: id };
      deploymentsOf(yard).put(await yard.client.call('deployments.edit', { path, body }));
      forgetDraft('configuration');
      onSaved();
    } catch (error) {
      refuse(placedProblems(error, fields));
    }
  };
  return (
    <form
      ref={place}
      className="nby-Deployment-form"
      onSubmit={event => {
        event.preventDefault();
        void save();
      }}
    >
      <div className="nby-Deployment-head">
        <HelpSwitch isOn={withHelp} trans={trans} onChange={setHelp} />
      </div>
      <FieldList
        fields={fields}
        values={draft}
        isSaved
        client={yard.client}
        problems={problems}
        withHelp={withHelp}
        isOpen
        trans={trans}
        onChange={(name, value) => {
          setDraft({ ...draft, [name]: value });
          setProblems(withoutProblem(problems, name));
        }}
      />
      <Refusal className="nby-Warning">{problems['']}</Refusal>
      <p>
        <button
          type="submit"
          className="nby-Button nby-mod-primary"
          disabled={isBusy || !Object.keys(change).length}
        >
          {trans.__('Save')}
        </button>{' '}
        <span className="nby-Dim">
          {trans.__(
            'The new revision takes over once it responds. Title and description change at once.'
          )}
        </span>
      </p>
      {!!Object.keys(change).length && (
        <ShowAsCommand spelling={{ client: yard.client, request }} trans={trans} />
      )}
    </form>
  );
}
