import { useEffect, useReducer, useRef, useState } from 'react';
import { IRequest } from '../../../api/operations';
import { Deployed } from '../../../api/types';
import { CommandButton } from '../../../components/CommandButton';
import { useDraft } from '../../../components/hooks/useDraft';
import { hidden, ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { ImageLog } from '../../environments/images/ImageList';
import { ChoiceField } from '../../frame/dialogs/PlainFields';
import { IDeploymentTarget, IPanelServices } from '../../frame/services';
import { deploymentsOf } from '../state/collection';
import { DeployAs } from './DeployAs';
import {
  bodyOf,
  fieldsOf,
  IDraft,
  Problems,
  problemsOf,
  withoutProblem,
  unread,
  Values,
  withoutSecrets
} from './draft';
import { FieldList, HelpSwitch } from './FieldList';
import { WRONG } from './Field';
import { NoContainers } from './NoContainers';
import { ModelFacts } from '../tabs/ModelFacts';
import { questionOf, deployRevision, useDeployed, useTitle } from './useDeployed';
import { IOffer, useForm } from './useForm';
import { classField, useModel } from './useModel';
import { hardwareOf } from '../state/texts';

interface INewDeploymentProps {
  services: IPanelServices;
  target: IDeploymentTarget;
  onMade: (id: string, tab?: string) => void;
}

/** The form for a new deployment: what it runs, its name, and its hardware. */
export function NewDeployment(props: INewDeploymentProps): JSX.Element {
  const { services, target } = props;
  const { trans } = services;
  const [className, setClass] = useDraft('class', () => '');
  const offer = useForm(services);
  const deployed = useDeployed(services, target.model, className);
  if (!offer || typeof offer === 'string' || !deployed) {
    return (
      <p className="nby-Note" role={typeof offer === 'string' ? 'alert' : 'status'}>
        {typeof offer === 'string' ? offer : trans.__('Loading…')}
      </p>
    );
  }
  return <Form {...props} offer={offer} deployed={deployed} onClass={setClass} />;
}

interface IFormProps extends INewDeploymentProps {
  offer: IOffer;
  /** The deployments that it may become a revision of. */
  deployed: Deployed;
  onClass: (name: string) => void;
}

function Form(props: IFormProps): JSX.Element {
  const { services, target, offer, deployed, onMade, onClass } = props;
  const { yard, trans } = services;
  const { form } = offer;
  const { model } = target;
  const [draft, setDraft] = useDraft<IDraft>(
    'deployment',
    () => ({
      service: form.services[0].name,
      preset: form.presets[0].name,
      values: { image: target.image }
    }),
    ({ values: shown, ...rest }) => ({ ...rest, values: withoutSecrets(form, shown) })
  );
  const [withHelp, setHelp] = useState(false);
  const [problems, setProblems] = useState<Problems>({});
  const [isBusy, setBusy] = useState(false);
  const [refusals, countRefusal] = useReducer((round: number) => round + 1, 0);
  const place = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const wrong = place.current?.querySelector<HTMLInputElement>(WRONG);
    const [first, next] =
      place.current?.querySelectorAll<HTMLInputElement>('input[type="text"]') ?? [];
    // the image of a model is built, so its class or title comes first
    const field = refusals ? wrong : model && asked === fields ? (next ?? first) : first;
    field?.focus();
    field?.select?.(); // so that typing replaces a default
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a model stays the same
  }, [refusals]);
  const [chosen, choose] = useDraft<string | undefined>('revise', () => undefined);
  const into = deployed.items.find(({ id }) => id === (chosen ?? deployed.into));
  const fields = fieldsOf(form, draft, trans)
    .filter(({ name }) => !into || name === 'image')
    // The image of a model is built from it.
    .map(field => (model && field.name === 'image' ? { ...field, is_required: false } : field));
  const asked =
    model && 'path' in model && model.path.endsWith('.py')
      ? [classField(trans), ...fields]
      : fields;
  const service = form.services.find(({ name }) => name === draft.service)!;
  const refuse = (refused: Problems) => {
    setProblems(refused);
    countRefusal();
  };

  const hasEngine = form.engine.state === 'ok';
  const { made, later, make, hold, forget } = useModel(services, model, hasEngine, error =>
    refuse(problemsOf(error, asked))
  );
  const title = useTitle(services, deployed.title, made);
  const values: Values = {
    ...draft.values,
    name: draft.values.name ?? (deployed.name || undefined)
  };

  const request = (): IRequest | undefined => {
    const image = values.image || made?.reference;
    if (!image && model) {
      const class_name = String(values.class_name ?? '');
      return { id: 'models.build', question: { body: { ...model, class_name } } };
    }
    if (into) {
      return { id: 'deployments.edit', question: questionOf(into, image as string) };
    }
    const password = values.password && hidden(String(values.password));
    const body = bodyOf(fields, { ...draft, values: { ...values, image, password } });
    const isRead = !Object.keys(unread(fields, draft.values, trans)).length;
    return isRead ? { id: 'deployments.create', question: { body } } : undefined;
  };
  const deploy = async () => {
    const wrong = unread(fields, draft.values, trans);
    if (isBusy || Object.keys(wrong).length) {
      return refuse(wrong);
    }
    setBusy(true);
    try {
      if (!hasEngine && !(await offer.check())) {
        setBusy(false);
        setProblems({});
        return place.current?.querySelector<HTMLElement>('[role=alert]')?.focus();
      }
      const image =
        values.image || (model && (await make(String(values.class_name ?? ''))).reference);
      const deployment = into
        ? await deployRevision(services, into, image as string)
        : await yard.client.call('deployments.create', {
            body: bodyOf(fields, { ...draft, values: { ...values, image } }),
            idempotencyKey: crypto.randomUUID?.()
          });
      deploymentsOf(yard).put(deployment);
      const tab = into ? 'overview' : draft.service === 'api' ? 'try' : undefined;
      onMade(deployment.id, tab);
    } catch (error) {
      setBusy(false);
      const refused = problemsOf(error, asked);
      if (refused.image) {
        forget();
      }
      refuse(refused);
    }
  };
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <h2>{into ? trans.__('New revision') : trans.__('New deployment')}</h2>
        <span className="nby-Space" />
        <HelpSwitch isOn={withHelp} trans={trans} onChange={setHelp} />
      </div>
      <form
        ref={place}
        className="nby-Deployment-form"
        onSubmit={event => {
          event.preventDefault();
          void hold(deploy());
        }}
      >
        {!hasEngine && <NoContainers engine={form.engine} trans={trans} />}
        {!into && (
          <p className="nby-Dim">
            {model
              ? trans.__(
                  'Runs in a container until you stop it. Requests need your sign-in or a token.'
                )
              : trans.__('Runs in a container until you stop it.')}
          </p>
        )}
        {model && !problems[''] && (
          <ModelFacts
            services={services}
            made={made}
            later={later}
            unbuilt={hasEngine ? undefined : model}
          />
        )}
        {!!deployed.items.length && (
          <DeployAs
            deployed={deployed.items}
            chosen={into?.id ?? ''}
            trans={trans}
            onChange={choose}
          />
        )}
        {!model && !target.image && draft.service === 'api' && (
          <p>
            {trans.__('Deploy the model of a run, an image that is ready, or a model class:')}{' '}
            <CommandButton commands={services.commands} id="nbyard:choose-model" />
          </p>
        )}
        {!into && (
          <ChoiceField
            label={trans.__('Service')}
            help={withHelp || !model ? service.help : undefined}
            error={problems.service}
            value={draft.service}
            options={form.services.map(({ name, title }) => [name, title])}
            trans={trans}
            onChange={name => setDraft({ ...draft, service: name as IDraft['service'] })}
          />
        )}
        <FieldList
          fields={asked}
          values={{ ...values, image: values.image ?? made?.reference }}
          fallbacks={{
            ports: made ? service.model_ports : service.ports,
            title,
            class_name: made?.model.class_name
          }}
          hints={{ image: model && !made ? trans.__('Built from the model') : undefined }}
          images={offer.images}
          problems={problems}
          withHelp={withHelp}
          trans={trans}
          onChange={(name, value) => {
            setDraft({ ...draft, values: { ...draft.values, [name]: value } });
            if (name === 'class_name') {
              onClass(String(value ?? ''));
            }
            setProblems(withoutProblem(problems, name));
          }}
        >
          {!into && (
            <ChoiceField
              label={trans.__('Hardware')}
              help={withHelp ? trans.__('Change single values under More.') : ''}
              error={problems.preset}
              value={draft.preset}
              options={form.presets.map(preset => [
                preset.name,
                `${preset.title} (${hardwareOf(defaults(preset), trans)})`
              ])}
              trans={trans}
              onChange={preset => setDraft({ ...draft, preset })}
            />
          )}
        </FieldList>
        {problems[''] && (
          <p className="nby-Warning" role="alert">
            {problems['']}
          </p>
        )}
        {problems.image && made && (
          <ImageLog
            key={made.image}
            services={services}
            image={{ id: made.image, state: 'failed' }}
          />
        )}
        <p>
          <button
            type="submit"
            className={`nby-Button${hasEngine ? ' nby-mod-primary' : ''}`}
            disabled={isBusy}
          >
            {hasEngine ? trans.__('Deploy') : trans.__('Check Again and Deploy')}
          </button>
        </p>
        <ShowAsCommand spelling={{ client: yard.client, request }} trans={trans} />
      </form>
    </div>
  );
}

/** Return the hardware of a preset without changes. */
function defaults({ fields }: IOffer['form']['presets'][number]): Parameters<typeof hardwareOf>[0] {
  const of = (name: string) => Number(fields.find(field => field.name === name)?.default ?? 0);
  return { cpu: of('cpu'), memory_gb: of('memory_gb'), gpu: of('gpu') };
}
