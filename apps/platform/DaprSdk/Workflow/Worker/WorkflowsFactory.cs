using System.Collections.Concurrent;
using Dapr.Workflow.Abstractions;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Dapr.Workflow.Worker;

/// <inheritdoc />
internal sealed partial class WorkflowsFactory(ILogger<WorkflowsFactory> logger) : IWorkflowsFactory
{
    private readonly ConcurrentDictionary<string, Func<IServiceProvider, IWorkflow>> _workflows = new(NameComparer);
    private readonly ConcurrentDictionary<string, Func<IServiceProvider, IWorkflowActivity>> _activities = new(NameComparer);

    private static StringComparer NameComparer => StringComparer.OrdinalIgnoreCase;

    public void RegisterWorkflow<TWorkflow>(string? name = null)
        where TWorkflow : class, IWorkflow =>
        Add(_workflows, name ?? typeof(TWorkflow).Name, services => ActivatorUtilities.CreateInstance<TWorkflow>(services));

    public void RegisterWorkflow<TInput, TOutput>(
        string name, Func<WorkflowContext, TInput, Task<TOutput>> implementation)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(implementation);
        Add(_workflows, name, _ => new FunctionWorkflow<TInput, TOutput>(implementation));
    }

    public void RegisterActivity<TActivity>(string? name = null)
        where TActivity : class, IWorkflowActivity =>
        Add(_activities, name ?? typeof(TActivity).Name, services => ActivatorUtilities.CreateInstance<TActivity>(services));

    public void RegisterActivity<TInput, TOutput>(
        string name, Func<WorkflowActivityContext, TInput, Task<TOutput>> implementation)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        ArgumentNullException.ThrowIfNull(implementation);
        Add(_activities, name, _ => new FunctionActivity<TInput, TOutput>(implementation));
    }

    public bool TryCreateWorkflow(
        TaskIdentifier identifier, IServiceProvider serviceProvider,
        out IWorkflow? workflow, out Exception? activationException) =>
        TryCreate(_workflows, identifier, serviceProvider, out workflow, out activationException);

    public bool TryCreateActivity(
        TaskIdentifier identifier, IServiceProvider serviceProvider,
        out IWorkflowActivity? activity, out Exception? activationException) =>
        TryCreate(_activities, identifier, serviceProvider, out activity, out activationException);

    private void Add<T>(
        ConcurrentDictionary<string, Func<IServiceProvider, T>> registered, string name, Func<IServiceProvider, T> create)
    {
        if (!registered.TryAdd(name, create))
            LogAlreadyRegistered(logger, name);
    }

    private static bool TryCreate<T>(
        ConcurrentDictionary<string, Func<IServiceProvider, T>> registered, string name, IServiceProvider services,
        out T? created, out Exception? failure)
        where T : class
    {
        (created, failure) = (null, null);
        if (!registered.TryGetValue(name, out var create))
            return false;
        try
        {
            created = create(services);
            return true;
        }
        catch (Exception e)
        {
            failure = e;
            return false;
        }
    }

    [LoggerMessage(LogLevel.Information, "'{Name}' is registered already; the first registration stays.")]
    private static partial void LogAlreadyRegistered(ILogger logger, string name);

    private sealed class FunctionWorkflow<TInput, TOutput>(Func<WorkflowContext, TInput, Task<TOutput>> run) : IWorkflow
    {
        public Type InputType => typeof(TInput);

        public Type OutputType => typeof(TOutput);

        public async Task<object?> RunAsync(WorkflowContext context, object? input) => await run(context, (TInput)input!);
    }

    private sealed class FunctionActivity<TInput, TOutput>(Func<WorkflowActivityContext, TInput, Task<TOutput>> run)
        : IWorkflowActivity
    {
        public Type InputType => typeof(TInput);

        public Type OutputType => typeof(TOutput);

        public async Task<object?> RunAsync(WorkflowActivityContext context, object? input) =>
            await run(context, (TInput)input!);
    }
}
