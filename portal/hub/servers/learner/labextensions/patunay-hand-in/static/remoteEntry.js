// JupyterLab on a learner's server: a button "Hand in" in the notebook (saves, asks, hands in, leads to the result), a tile and a command that lead back to the portal,
// and nothing left unsaved behind: what one looks away from is saved. Written by hand in the form that JupyterLab loads (module federation), so nothing has to be built.
"use strict";
(() => {
  const NAME = "patunay-hand-in";
  let shared = {};

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
    const [apputils, coreutils, services, components, launching] = await Promise.all(
      ["@jupyterlab/apputils", "@jupyterlab/coreutils", "@jupyterlab/services", "@jupyterlab/ui-components", "@jupyterlab/launcher"].map(own)
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

    function activate(app, launcher) {
      const back = "patunay:portal";
      app.commands.addCommand(back, {
        label: "My courses",
        caption: "Due dates, results and credentials: back to the portal",
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
          title: `Hand in “${assignment.id}”?`,
          body: "Everything in it is saved first, and counts as one attempt.",
          buttons: [Dialog.cancelButton(), Dialog.okButton({ label: "Hand in" })],
        });
        if (!asked.button.accept) return;
        try {
          await save((widget) => (({ course, id } = {}) => course === assignment.course && id === assignment.id)(assignmentOf(widget.context.path)));
          const { portal: result } = await ask(assignment, "POST");
          const next = await showDialog({
            title: `“${assignment.id}” is handed in`,
            body: "It is graded in a moment. The portal shows how that goes, your result, and your receipt.",
            buttons: [Dialog.cancelButton({ label: "Stay here" }), Dialog.okButton({ label: "See the result" })],
          });
          if (next.button.accept) window.location.assign(result);
        } catch (problem) {
          await showErrorMessage(`“${assignment.id}” was not handed in`, problem);
        }
      }

      app.docRegistry.addWidgetExtension("Notebook", {
        createNew(panel, context) {
          const assignment = assignmentOf(context.path);
          if (assignment)
            ask(assignment, "GET").then(() => {
              if (panel.isDisposed) return;
              const button = new components.ToolbarButton({
                label: "Hand in",
                tooltip: `Save and hand in “${assignment.id}”`,
                onClick: () => void handIn(assignment),
              });
              panel.toolbar.addItem("patunay-hand-in", button);
            }, () => undefined); // not of an assignment
          return undefined;
        },
      });
    }

    const plugin = { id: `${NAME}:plugin`, autoStart: true, optional: [launching.ILauncher], activate };
    return () => ({ __esModule: true, default: plugin });
  }

  window._JUPYTERLAB = window._JUPYTERLAB || {};
  window._JUPYTERLAB[NAME] = {
    init: (scope) => { shared = scope; },
    get: (module) => (module === "./extension" ? extension() : Promise.reject(new Error(`${NAME} has no ${module}`))),
  };
})();
