import { ReactNode, useEffect, useRef, useState } from 'react';
import { ModelSources, NamedImage } from '../../api/types';
import { Button, CommandButton } from '../../components/Button';
import { RowList } from '../../components/RowList';
import { showBytes } from '../../components/format/bytes';
import { showAgo } from '../../components/format/times';
import { useSignal } from '../../components/hooks/useSignal';
import { useAgoNow } from '../../components/hooks/useLost';
import { Waiting } from '../../components/text/messages';
import { deploymentIcon, kindIcon } from '../../icons/items';
import { IDeploymentTarget, IPanelServices } from '../frame/services';
import { SideRow } from '../frame/SideRow';
import { NoContainers } from './form/NoContainers';
import { useForm } from './form/useForm';

interface IChooseModelProps {
  services: IPanelServices;
  onChosen: (target: IDeploymentTarget) => void;
}

interface IOffers extends ModelSources {
  images: readonly NamedImage[];
}

/** What can be deployed: models of runs, images, model classes, and at last any image. */
export function ChooseModel({ services, onChosen }: IChooseModelProps): JSX.Element {
  const { yard, trans, commands } = services;
  const [offers, setOffers] = useState<IOffers>();
  const [problem, setProblem] = useState('');
  const now = useAgoNow(yard.stream);
  const offer = useForm(services);
  const engine = typeof offer === 'object' ? offer.form.engine : undefined;
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => void yard.runs.start(), [yard]);
  const succeeded = useSignal(
    yard.runs.changed,
    () => yard.runs.items.filter(({ state }) => state === 'succeeded').length
  );
  useEffect(() => {
    const { client } = yard;
    Promise.all([client.call('models.sources', {}), client.call('images.list', {})]).then(
      ([sources, { items }]) =>
        setOffers({ ...sources, images: items.filter(({ state }) => state === 'ready') }),
      (error: Error) => setProblem(error.message)
    );
  }, [yard, succeeded]); // a run that ends may offer a model
  useEffect(() => {
    // while the offers loaded, the user may have moved on: only focus around the list moves into it
    if (offers && document.activeElement?.contains(place.current)) {
      place.current?.querySelector<HTMLElement>('.nby-Row, button')?.focus();
    }
  }, [offers]);
  if (!offers) {
    return <Waiting problem={problem}>{trans.__('Loading…')}</Waiting>;
  }
  const { outputs, images, classes, cut } = offers;
  const isEmpty = !outputs.length && !images.length && !classes.length;
  return (
    <div ref={place} className="nby-View nby-Choices">
      <div className="nby-View-header">
        <h2>{trans.__('Deploy a model')}</h2>
      </div>
      {engine && engine.state !== 'ok' && <NoContainers engine={engine} trans={trans} />}
      {isEmpty && (
        <>
          <p className="nby-Note">
            {trans.__(
              'No models yet. Run a workflow in which a node has a model file as an output, and it appears here. For example:'
            )}
          </p>
          <p className="nby-Note">
            <CommandButton commands={commands} id="nbyard:create-example" />
          </p>
        </>
      )}
      <Offers
        label={trans.__('Models of your runs')}
        items={outputs}
        idOf={({ run_id, output }) => `${run_id} ${output}`}
        nameOf={titleOf}
        render={model => (
          <SideRow
            icon={kindIcon('model')}
            accent="is-model"
            name={titleOf(model)}
            aside={showAgo(model.created_at, now, trans)}
            detail={trans.__(
              '%1, run %2 · %3',
              model.run_title,
              model.run_number,
              showBytes(model.size_bytes)
            )}
          />
        )}
        onChosen={({ run_id: run, output }) => onChosen({ model: { run, output } })}
      />
      <Offers
        label={trans.__('Images')}
        items={images}
        idOf={({ id }) => id}
        nameOf={({ reference }) => reference}
        render={({ reference, created_at }) => (
          <SideRow icon={deploymentIcon} name={reference} aside={showAgo(created_at, now, trans)} />
        )}
        onChosen={({ reference: image }) => onChosen({ image })}
      />
      <Offers
        label={trans.__('Model classes')}
        items={classes}
        idOf={({ path, class_name }) => `${path} ${class_name}`}
        nameOf={({ class_name }) => class_name}
        render={({ path, class_name }) => (
          <SideRow icon={kindIcon('model')} accent="is-model" name={class_name} detail={path} />
        )}
        onChosen={({ path, class_name }) => onChosen({ model: { path, class_name } })}
      />
      {cut && <p className="nby-Note">{trans.__('Not all models are listed.')}</p>}
      <p className="nby-Note">
        <Button onClick={() => onChosen({})}>{trans.__('Another Image or Service…')}</Button>
      </p>
    </div>
  );
}

/** Return the title of the node and the name of its output. */
function titleOf({ label, output }: ModelSources['outputs'][number]): string {
  return label ? `${label} → ${output.slice(output.lastIndexOf('.') + 1)}` : output;
}

interface IOffersProps<T> {
  label: string;
  items: readonly T[];
  idOf: (item: T) => string;
  nameOf: (item: T) => string;
  render: (item: T) => ReactNode;
  onChosen: (item: T) => void;
}

/** A list whose rows are chosen with a click or Enter; nothing if it is empty. */
function Offers<T>({ onChosen, ...list }: IOffersProps<T>): JSX.Element | null {
  return list.items.length ? (
    <>
      <h3>{list.label}</h3>
      <RowList {...list} noun="offer" onOpen={onChosen} onSelect={onChosen} />
    </>
  ) : null;
}
