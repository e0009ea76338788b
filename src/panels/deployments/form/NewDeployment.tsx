import { useEffect, useReducer, useRef, useState } from 'react';
import { IRequest } from '../../../api/operations';
import { TranslationBundle } from '@jupyterlab/translation';
import type { ApiError } from '../../../api/client';
import { Deployed, DeploymentForm } from '../../../api/types';
import { CommandButton } from '../../../components/Button';
import { useDraft } from '../../../components/hooks/useDraft';
import { Waiting } from '../../../components/text/messages';
import { holdersIn } from '../../../components/holders/askToFree';
import { Holders } from '../../../forms/limits/Holders';
import { QuotaLine } from '../../../forms/limits/QuotaLine';
import { IField } from '../../../forms/schema/field';
import { Problems, unreadFields, Values, withoutProblem } from '../../../forms/schema/fields';
import { hidden, ShowAsCommand } from '../../../spelling/ShowAsCommand';
import { ImageLog } from '../../environments/images/ImageList';
import { IDeploymentTarget, IPanelServices } from '../../frame/services';
import { deploymentsOf } from '../state/collection';
import { deployAsField } from './DeployAs';
import { fieldsOf, placedProblems, requestBody, storedValues } from './draft';
import { FieldList, HelpSwitch } from './FieldList';
import { WRONG } from './PortsField';
import { NoContainers } from './NoContainers';
import { Copyable } from '../tabs/Copyable';
import { ModelFacts } from '../tabs/ModelFacts';
import { questionOf, deployRevision, useDeployed, useTitle } from './useDeployed';
import { IOffer, useForm } from './useForm';
import { classField, useModel } from './useModel';
import { hardwareOf } from '../state/texts';

/** Begins lines of code in a hint. */
const INDENT = '    ';

interface INewDeploymentProps {
  services: IPanelServices;
  target: IDeploymentTarget;
  onMade: (id: string, tab?: string) => void;
}

/** The form for a new deployment: what it runs, its name, and its hardware. */
export function NewDeployment(props: INewDeploymentProps): JSX.Element {
  const { services, target } = props;
  const { trans } = services;
  const [className, setClass] = useDraft('class', () => namedClass(target));
  const offer = useForm(services);
  const deployed = useDeployed(services, target.model, className);
  if (!offer || typeof offer === 'string' || !deployed) {
    const problem = typeof offer === 'string' ? offer : undefined;
    return <Waiting problem={problem}>{trans.__('Loading…')}</Waiting>;
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
  const [draft, setDraft] = useDraft<Values>(
    'deployment',
    () => ({
      service: form.services[0].name,
      preset: form.presets[0].name,
      image: target.image
    }),
    typed => storedValues(form, typed, trans)
  );
  const [withHelp, setHelp] = useState(false);
  const [problems, setProblems] = useState<Problems>({});
  const [isBusy, setBusy] = useState(false);
  const [refusal, setRefusal] = useState<ApiError>();
  const [refusals, countRefusal] = useReducer((round: number) => round + 1, 0);
  const place = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const wrong = place.current?.querySelector<HTMLInputElement>(WRONG);
    const [first, next] =
      place.current?.querySelectorAll<HTMLInputElement>('input[type="text"]') ?? [];
    // the image of a model is built, so its class or title comes first
    const field = refusals ? wrong : model && !typesClass ? (next ?? first) : first;
    field?.focus();
    field?.select?.(); // so that typing replaces a default
    // eslint-disable-next-line react-hooks/exhaustive-deps -- a model stays the same
  }, [refusals]);
  const [chosen, choose] = useDraft<string | undefined>('revise', () => undefined);
  const into = deployed.items.find(({ id }) => id === (chosen ?? deployed.into));
  const service = form.services.find(({ name }) => name === draft.service)!;
  const { class_names } = deployed;
  const hasClass = !!model && 'path' in model && model.path.endsWith('.py');
  const typesClass = hasClass && !class_names.length;
  const className = String(draft.class_name || namedClass(target) || (class_names[0] ?? ''));
  const all = fieldsOf(form, draft, trans);
  const fields = [
    ...(hasClass ? [classField(class_names, trans)] : []),
    ...all.filter(({ name }) => !into || name === 'image')
  ];
  const [serviceField, presetField] = choicesOf(form, withHelp || !model, trans);
  const refuse = (refused: Problems) => {
    setProblems(refused);
    countRefusal();
  };

  const hasEngine = form.engine.state === 'ok';
  const { made, later, make, hold, forget } = useModel(
    services,
    model,
    className,
    hasEngine,
    error => refuse(placedProblems(error, fields))
  );
  const title = useTitle(services, deployed.title, made);
  const values: Values = {
    ...draft,
    name: draft.name ?? (deployed.name || undefined),
    class_name: className
  };
  const defaults: Readonly<Record<string, unknown>> = {
    ports: made ? service.model_ports : service.ports,
    title
  };
  const built = { required: false, placeholder: made ? '' : trans.__('Built from the model') };
  const drawn = [
    ...(deployed.items.length ? [deployAsField(deployed.items, trans)] : []),
    ...(into ? [] : [serviceField]),
    ...fields.map(field => ({
      ...field,
      ...(field.name in defaults && { default: defaults[field.name] }),
      ...(model && field.name === 'image' && built)
    })),
    ...(into ? [] : [presetField])
  ];
  const bodyWith = (image: Values[string]) =>
    requestBody([serviceField, presetField, ...all], { ...values, image });
  const unread = unreadFields(fields, draft, trans);
  const request = (): IRequest | undefined => {
    const image = values.image || made?.reference;
    if (!image && model) {
      const body = { ...model, class_name: className };
      return { id: 'models.build', question: { body } };
    }
    if (into) {
      return { id: 'deployments.edit', question: questionOf(into, image as string) };
    }
    const { password = '', ...body } = bodyWith(image);
    const question = { body: { ...body, ...(password && { password: hidden(password) }) } };
    return Object.keys(unread).length ? undefined : { id: 'deployments.create', question };
  };
  const deploy = async () => {
    if (isBusy || Object.keys(unread).length) {
      return refuse(unread);
    }
    setBusy(true);
    try {
      if (!hasEngine && !(await offer.check())) {
        setBusy(false);
        setProblems({});
        return place.current?.querySelector<HTMLElement>('[role=alert]')?.focus();
      }
      const image = values.image || (model && (await make(className)).reference);
      const deployment = into
        ? await deployRevision(services, into, image as string)
        : await yard.client.call('deployments.create', { body: bodyWith(image) });
      deploymentsOf(yard).put(deployment);
      const tab = into ? 'overview' : draft.service === 'api' ? 'try' : undefined;
      onMade(deployment.id, tab);
    } catch (error) {
      setBusy(false);
      setRefusal(error as ApiError);
      const refused = placedProblems(error, drawn);
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
        {!model && !target.image && draft.service === 'api' && (
          <p>
            {trans.__('Deploy the model of a run, an image that is ready, or a model class:')}{' '}
            <CommandButton commands={services.commands} id="nbyard:choose-model" />
          </p>
        )}
        <FieldList
          fields={drawn}
          values={{ ...values, revise: into?.id ?? '', image: values.image ?? made?.reference }}
          problems={problems}
          withHelp={withHelp}
          client={yard.client}
          trans={trans}
          onChange={(name, value) => {
            setProblems(name === 'class_name' ? {} : withoutProblem(problems, name));
            if (name === 'revise') {
              return choose(String(value));
            }
            setDraft({ ...draft, [name]: value });
            if (name === 'class_name') {
              onClass(String(value ?? ''));
              if (!typesClass && hasEngine) {
                make(String(value)).catch(error => refuse(placedProblems(error, fields)));
              }
            }
          }}
        />
        {!into && (
          <QuotaLine ask={() => yard.client.call('quotas.use', {})} deployments trans={trans} />
        )}
        <RefusalWithLines trans={trans}>{problems['']}</RefusalWithLines>
        {problems[''] && (
          <Holders holders={holdersIn(refusal?.reason)} client={yard.client} trans={trans} />
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

function namedClass({ model }: IDeploymentTarget): string {
  return model && 'path' in model ? (model.class_name ?? '') : '';
}

/** Why it was refused; indented paragraphs are lines to copy. */
function RefusalWithLines(props: { children?: string; trans: TranslationBundle }) {
  const { children, trans } = props;
  return children ? (
    <div className="nby-Warning nby-Deployment-reproduce" role="alert">
      {children
        .split('\n\n')
        .map((part, index) =>
          part.startsWith(INDENT) ? (
            <Copyable
              key={index}
              caption=""
              label={trans.__('Lines to add')}
              text={part.replace(/^ {4}/gm, '')}
              said={trans.__('The lines are copied.')}
              trans={trans}
            />
          ) : (
            <p key={index}>{part}</p>
          )
        )}
    </div>
  ) : null;
}

/** Return the choices of a service and of its hardware. */
function choicesOf(form: DeploymentForm, isExplained: boolean, trans: TranslationBundle): IField[] {
  const of = (key: 'title' | 'help') =>
    Object.fromEntries(form.services.map(offered => [offered.name, offered[key]]));
  const hardware = form.presets.map(({ name, title, fields }) => {
    const usual = (key: string) => Number(fields.find(field => field.name === key)?.default ?? 0);
    const size = { cpu: usual('cpu'), memory_gb: usual('memory_gb'), gpu: usual('gpu') };
    return [name, `${title} (${hardwareOf(size, trans)})`];
  });
  return [
    {
      ...{ name: 'service', kind: 'choice', label: trans.__('Service'), labels: of('title') },
      helps: isExplained ? of('help') : undefined
    },
    {
      ...{ name: 'preset', kind: 'choice', label: trans.__('Hardware') },
      help: trans.__('Change single values under More.'),
      labels: Object.fromEntries(hardware)
    }
  ];
}
