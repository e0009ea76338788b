import { useEffect, useReducer, useRef, useState } from 'react';
import { IDeploymentTarget, IPanelServices } from '../services';
import { deploymentsOf } from './collection';
import { bodyOf, fieldsOf, IDraft, Problems, problemsOf, unread } from './draft';
import { FieldList, HelpSwitch } from './FieldList';
import { Framed } from './Field';
import { ModelFacts } from './ModelFacts';
import { IOffer, useForm } from './useForm';
import { classField, useModel } from './useModel';
import { hardwareOf } from './words';

interface INewDeploymentProps {
  services: IPanelServices;
  target: IDeploymentTarget;
  onMade: (id: string, tab?: string) => void;
}

/** The form for a new deployment: what it runs, what it is called, and on what hardware. */
export function NewDeployment(props: INewDeploymentProps): JSX.Element {
  const { trans } = props.services;
  const offer = useForm(props.services);
  if (!offer || typeof offer === 'string') {
    return (
      <p className="nby-Note" role={offer ? 'alert' : 'status'}>
        {offer ?? trans.__('Loading…')}
      </p>
    );
  }
  return <Form {...props} offer={offer} />;
}

function Form(props: INewDeploymentProps & { offer: IOffer }): JSX.Element {
  const { services, target, offer, onMade } = props;
  const { yard, trans } = services;
  const { form } = offer;
  const [draft, setDraft] = useState<IDraft>({
    service: form.services[0].name,
    preset: form.presets[0].name,
    values: { image: target.image }
  });
  const [withHelp, setHelp] = useState(false);
  const [problems, setProblems] = useState<Problems>({});
  const [isBusy, setBusy] = useState(false);
  const [refusals, countRefusal] = useReducer((round: number) => round + 1, 0);
  const place = useRef<HTMLFormElement>(null);
  useEffect(() => {
    const wrong = place.current?.querySelector<HTMLElement>('[aria-invalid="true"]');
    (refusals ? wrong : place.current?.querySelector<HTMLElement>('input[type="text"]'))?.focus();
  }, [refusals]);
  const fields = fieldsOf(form, draft, trans);
  const { model } = target;
  const asked = model && 'path' in model ? [classField(trans), ...fields] : fields;
  const service = form.services.find(({ name }) => name === draft.service)!;
  const refuse = (found: Problems) => {
    setProblems(found);
    countRefusal();
  };

  const { made, make } = useModel(services, model, error => refuse(problemsOf(error, asked)));
  const { values } = draft;

  const deploy = async () => {
    const wrong = unread(fields, draft.values, trans);
    if (isBusy || Object.keys(wrong).length) {
      return refuse(wrong);
    }
    setBusy(true);
    try {
      const image =
        values.image || (model && (await make(String(values.class_name ?? ''))).reference);
      const deployment = await yard.client.call('deployments.create', {
        body: bodyOf(fields, { ...draft, values: { ...values, image } }),
        idempotencyKey: crypto.randomUUID?.()
      });
      deploymentsOf(yard).put(deployment);
      onMade(deployment.id, draft.service === 'api' ? 'try' : undefined);
    } catch (error) {
      setBusy(false);
      refuse(problemsOf(error, asked));
    }
  };
  return (
    <div className="nby-View">
      <div className="nby-View-header">
        <h2>{trans.__('New deployment')}</h2>
        <span className="nby-Space" />
        <HelpSwitch isOn={withHelp} trans={trans} onChange={setHelp} />
      </div>
      <form
        ref={place}
        className="nby-Deployment-form"
        onSubmit={event => {
          event.preventDefault();
          void deploy();
        }}
      >
        {model && !problems[''] && <ModelFacts made={made} trans={trans} />}
        <Framed
          label={trans.__('Service')}
          help={withHelp ? service.help : undefined}
          error={problems.service}
          trans={trans}
        >
          {control => (
            <select
              {...control}
              className="jp-mod-styled"
              value={draft.service}
              onChange={event =>
                setDraft({ ...draft, service: event.target.value as IDraft['service'] })
              }
            >
              {form.services.map(({ name, title }) => (
                <option key={name} value={name}>
                  {title}
                </option>
              ))}
            </select>
          )}
        </Framed>
        <FieldList
          fields={asked}
          values={{ ...values, image: values.image ?? made?.reference }}
          fallbacks={{
            ports: service.ports,
            title: made?.name,
            class_name: made?.model.class_name
          }}
          images={offer.images}
          problems={problems}
          withHelp={withHelp}
          trans={trans}
          onChange={(name, value) => {
            setDraft({ ...draft, values: { ...values, [name]: value } });
            setProblems({ ...problems, [name]: '' });
          }}
        >
          <Framed
            label={trans.__('Hardware')}
            help={withHelp ? trans.__('Each of its numbers may be another one: see More.') : ''}
            error={problems.preset}
            trans={trans}
          >
            {control => (
              <select
                {...control}
                className="jp-mod-styled"
                value={draft.preset}
                onChange={event => setDraft({ ...draft, preset: event.target.value })}
              >
                {form.presets.map(preset => (
                  <option key={preset.name} value={preset.name}>
                    {preset.title} ({hardwareOf(defaults(preset), trans)})
                  </option>
                ))}
              </select>
            )}
          </Framed>
        </FieldList>
        {problems[''] && (
          <p className="nby-Warning" role="alert">
            {problems['']}
          </p>
        )}
        <p>
          <button type="submit" className="nby-Button nby-mod-primary" disabled={isBusy}>
            {trans.__('Deploy')}
          </button>
        </p>
      </form>
    </div>
  );
}

/** The hardware of a preset when no number of it is said. */
function defaults({ fields }: IOffer['form']['presets'][number]): Parameters<typeof hardwareOf>[0] {
  const of = (name: string) => Number(fields.find(field => field.name === name)?.default ?? 0);
  return { cpu: of('cpu'), memory_gb: of('memory_gb'), gpu: of('gpu') };
}
