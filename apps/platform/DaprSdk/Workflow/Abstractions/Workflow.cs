using Dapr.Workflow.Abstractions;

namespace Dapr.Workflow
{
    /// <summary>A workflow as the worker runs it.</summary>
    public interface IWorkflow
    {
        Type InputType { get; }

        Type OutputType { get; }

        Task<object?> RunAsync(WorkflowContext context, object? input);
    }

    /// <summary>
    /// Durable code: it is run again from the start at every event and must then do the same, so only the context's
    /// clock, ids and tasks may be used, and only they (or combinations of them) awaited.
    /// </summary>
    public abstract class Workflow<TInput, TOutput> : IWorkflow
    {
        Type IWorkflow.InputType => typeof(TInput);

        Type IWorkflow.OutputType => typeof(TOutput);

        async Task<object?> IWorkflow.RunAsync(WorkflowContext context, object? input) =>
            await RunAsync(context, (TInput)input!);

        public abstract Task<TOutput> RunAsync(WorkflowContext context, TInput input);
    }

    /// <summary>A step of a workflow; it can run more than once, and must have the effect of once.</summary>
    public abstract class WorkflowActivity<TInput, TOutput> : IWorkflowActivity
    {
        Type IWorkflowActivity.InputType => typeof(TInput);

        Type IWorkflowActivity.OutputType => typeof(TOutput);

        public async Task<object?> RunAsync(WorkflowActivityContext context, object? input) =>
            await RunAsync(context, (TInput)input!);

        public abstract Task<TOutput> RunAsync(WorkflowActivityContext context, TInput input);
    }

    /// <summary>What an activity knows of its call.</summary>
    public abstract class WorkflowActivityContext
    {
        public abstract TaskIdentifier Identifier { get; }

        /// <summary>The same for every execution of this one call: a key to recognise repetitions by.</summary>
        public abstract string TaskExecutionKey { get; }

        public abstract string InstanceId { get; }
    }
}

namespace Dapr.Workflow.Abstractions
{
    /// <summary>An activity as the worker runs it.</summary>
    public interface IWorkflowActivity
    {
        Type InputType { get; }

        Type OutputType { get; }

        Task<object?> RunAsync(WorkflowActivityContext context, object? input);
    }

    /// <summary>The name of a workflow or activity.</summary>
    public readonly record struct TaskIdentifier(string Name)
    {
        public static implicit operator TaskIdentifier(string name) => new(name);

        public static implicit operator string(TaskIdentifier identifier) => identifier.Name;

        public override string ToString() => Name;
    }
}

namespace Dapr.Workflow.Worker
{
    /// <summary>The registered workflows and activities. The first registration of a name wins.</summary>
    public interface IWorkflowsFactory
    {
        void RegisterWorkflow<TWorkflow>(string? name = null)
            where TWorkflow : class, IWorkflow;

        void RegisterWorkflow<TInput, TOutput>(
            string name, Func<WorkflowContext, TInput, Task<TOutput>> implementation);

        void RegisterActivity<TActivity>(string? name = null)
            where TActivity : class, IWorkflowActivity;

        void RegisterActivity<TInput, TOutput>(
            string name, Func<WorkflowActivityContext, TInput, Task<TOutput>> implementation);

        bool TryCreateWorkflow(
            TaskIdentifier identifier, IServiceProvider serviceProvider,
            out IWorkflow? workflow, out Exception? activationException);

        bool TryCreateActivity(
            TaskIdentifier identifier, IServiceProvider serviceProvider,
            out IWorkflowActivity? activity, out Exception? activationException);
    }
}
