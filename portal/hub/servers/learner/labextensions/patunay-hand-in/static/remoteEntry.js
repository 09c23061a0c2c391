// JupyterLab on a learner's server: a button "Hand in" in the notebook (saves, asks, hands in, leads to the result), a tile and a command that lead back to the portal,
// and nothing left unsaved behind: what one looks away from is saved. Written by hand in the form that JupyterLab loads (module federation), so nothing has to be built.
"use strict";
(() => {
  const NAME = "patunay-hand-in";
  const WORDS = {
    en: {
      courses: "My courses",
      back: "Due dates, results and credentials: back to the portal",
      handIn: "Hand in",
      tip: (name) => `Save and hand in “${name}”`,
      sure: (name) => `Hand in “${name}”?`,
      counts: "Everything in it is saved first, and counts as one attempt.",
      cancel: "Cancel",
      done: (name) => `“${name}” is handed in`,
      graded: "It is graded in a moment. The portal shows how that goes, your result, and your receipt.",
      stay: "Stay here",
      see: "See the result",
      failed: (name) => `“${name}” was not handed in`,
    },
    fil: {
      courses: "Mga kurso ko",
      back: "Mga takdang petsa, resulta at kredensiyal: pabalik sa portal",
      handIn: "Ipasa",
      tip: (name) => `I-save at ipasa ang “${name}”`,
      sure: (name) => `Ipapasa ang “${name}”?`,
      counts: "Sine-save muna ang lahat ng laman nito, at ibinibilang ito na isang pagtatangka.",
      cancel: "Huwag muna",
      done: (name) => `Naipasa na ang “${name}”`,
      graded: "Mamarkahan ito maya-maya. Ipinakikita ng portal kung nasaan na ito, ang resulta mo, at ang resibo mo.",
      stay: "Manatili rito",
      see: "Tingnan ang resulta",
      failed: (name) => `Hindi naipasa ang “${name}”`,
    },
  };
  let shared = {};
  let kept = ""; // the language that was chosen in the portal

  /** The words in the language that was chosen in the portal, else JupyterLab's, else the first of the browser's that we have. */
  function words(lab) {
    const wishes = [kept, lab && lab !== "en" && lab !== "default" ? lab : "", ...(navigator.languages || [])];
    const known = wishes.map((wish) => wish.split(/[-_]/)[0].toLowerCase().replace(/^tl$/, "fil")).find((wish) => Object.hasOwn(WORDS, wish));
    return WORDS[known || "en"];
  }

  /** The module of JupyterLab's own copy of a package. */
  async function own(name) {
    const versions = Object.values(shared[name] || {});
    if (!versions.length) throw new Error(`${NAME}: JupyterLab shares no ${name}`);
    const factory = await versions[0].get();
    return factory();
  }

  /** Course and assignment of a file, undefined if it lies elsewhere. */
  function assignmentOf(path) {
    const parts = path.split("/");
    return parts.length >= 3 ? { course: parts[0], id: parts[1] } : undefined;
  }

  async function extension() {
    const [apputils, coreutils, services, components, launching, translation] = await Promise.all(
      ["apputils", "coreutils", "services", "ui-components", "launcher", "translation"].map((name) => own(`@jupyterlab/${name}`))
    );
    const { Dialog, showDialog, showErrorMessage } = apputils;
    const portal = coreutils.PageConfig.getOption("patunayPortal") || "/services/portal/my";

    async function ask(assignment, method) {
      const settings = services.ServerConnection.makeSettings();
      const names = [assignment.course, assignment.id].map(encodeURIComponent);
      const address = coreutils.URLExt.join(settings.baseUrl, "patunay", "hand-in", ...names);
      const answer = await services.ServerConnection.makeRequest(address, { method }, settings);
      const told = await answer.json().catch(() => ({}));
      if (!answer.ok) throw new Error(told.message || `The server answered ${answer.status}.`);
      return told;
    }

    function activate(app, launcher, translator) {
      const told = () => words(translator ? translator.languageCode : "");
      const back = "patunay:portal";
      app.commands.addCommand(back, {
        label: () => told().courses,
        caption: () => told().back,
        icon: components.homeIcon,
        execute: () => { window.location.assign(portal); },
      });
      if (launcher) launcher.add({ command: back, category: "Other", rank: 0 });

      const unsaved = (widget) => widget && widget.context && widget.context.isReady && !widget.context.isDisposed && widget.context.model.dirty;
      const save = async (belongs) => {
        for (const widget of app.shell.widgets("main")) if (unsaved(widget) && belongs(widget)) await widget.context.save();
      };
      if (app.shell.currentChanged)
        app.shell.currentChanged.connect((_, { oldValue }) => { if (unsaved(oldValue)) void oldValue.context.save(); });
      window.addEventListener("blur", () => void save(() => true));

      async function handIn(assignment) {
        const asked = await showDialog({
          title: told().sure(assignment.id),
          body: told().counts,
          buttons: [Dialog.cancelButton({ label: told().cancel }), Dialog.okButton({ label: told().handIn })],
        });
        if (!asked.button.accept) return;
        try {
          await save((widget) => (({ course, id } = {}) => course === assignment.course && id === assignment.id)(assignmentOf(widget.context.path)));
          const { portal: result } = await ask(assignment, "POST");
          const next = await showDialog({
            title: told().done(assignment.id),
            body: told().graded,
            buttons: [Dialog.cancelButton({ label: told().stay }), Dialog.okButton({ label: told().see })],
          });
          if (next.button.accept) window.location.assign(result);
        } catch (problem) {
          await showErrorMessage(told().failed(assignment.id), problem);
        }
      }

      app.docRegistry.addWidgetExtension("Notebook", {
        createNew(panel, context) {
          const assignment = assignmentOf(context.path);
          if (assignment)
            ask(assignment, "GET").then(({ language }) => {
              if (language) kept = language;
              if (panel.isDisposed) return;
              const button = new components.ToolbarButton({
                label: told().handIn,
                tooltip: told().tip(assignment.id),
                onClick: () => void handIn(assignment),
              });
              panel.toolbar.addItem("patunay-hand-in", button);
            }, () => undefined); // not of an assignment
          return undefined;
        },
      });
    }

    const plugin = { id: `${NAME}:plugin`, autoStart: true, optional: [launching.ILauncher, translation.ITranslator], activate };
    return () => ({ __esModule: true, default: plugin });
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (scope) => { shared = scope; },
    get: (module) => (module === "./extension" ? extension() : Promise.reject(new Error(`${NAME} has no ${module}`))),
  };
})();
