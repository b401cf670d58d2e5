using System.Text.Json;
using Dapr.Common;
using Dapr.Common.Serialization;
using Dapr.Workflow.Serialization;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.Workflow.Registration;

/// <summary>What <c>AddDaprWorkflowBuilder</c> returns.</summary>
public interface IDaprWorkflowBuilder : IDaprServiceBuilder;

/// <summary>Builds a <see cref="DaprWorkflowClient"/>. Its serializer is its own: the worker's is not taken over.</summary>
public sealed class DaprWorkflowClientBuilder(IConfiguration? configuration = null)
    : DaprGenericClientBuilder<DaprWorkflowClient>(configuration)
{
    private Func<IServiceProvider?, IDaprSerializer>? _serializer;

    internal IServiceProvider? Services { get; init; }

    public DaprWorkflowClientBuilder UseSerializer(IDaprSerializer serializer)
    {
        ArgumentNullException.ThrowIfNull(serializer);
        _serializer = _ => serializer;
        return this;
    }

    public DaprWorkflowClientBuilder UseSerializer(Func<IServiceProvider, IWorkflowSerializer> serializerFactory)
    {
        ArgumentNullException.ThrowIfNull(serializerFactory);
        _serializer = services => serializerFactory(services
            ?? throw new InvalidOperationException("A serializer factory needs a service provider."));
        return this;
    }

    public DaprWorkflowClientBuilder UseJsonSerializer(JsonSerializerOptions jsonOptions) =>
        UseSerializer(new JsonDaprSerializer(jsonOptions));

    /// <summary>From the service collection it uses the worker's connection, else one of its own without size limit.</summary>
    public override DaprWorkflowClient Build() => new(
        Services?.GetService<TaskHub>() ?? new TaskHub(OpenGrpc(maxReceive: null)),
        _serializer?.Invoke(Services) ?? new JsonDaprSerializer(new JsonSerializerOptions(JsonSerializerDefaults.Web)));
}
