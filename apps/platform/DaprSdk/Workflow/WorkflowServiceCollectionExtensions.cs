using System.Text.Json;
using Dapr.Common.Serialization;
using Dapr.Workflow.Registration;
using Dapr.Workflow.Serialization;
using Dapr.Workflow.Worker;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Dapr.Workflow;

/// <summary>Registers the workflow worker and client.</summary>
public static class WorkflowServiceCollectionExtensions
{
    public static IServiceCollection AddDaprWorkflow(this IServiceCollection services) =>
        services.AddDaprWorkflow(_ => { });

    /// <summary>
    /// Adds the worker with its workflows and activities, and <see cref="DaprWorkflowClient"/> (not its interface).
    /// </summary>
    public static IServiceCollection AddDaprWorkflow(
        this IServiceCollection services,
        Action<WorkflowRuntimeOptions> configure,
        ServiceLifetime lifetime = ServiceLifetime.Singleton)
    {
        ArgumentNullException.ThrowIfNull(configure);
        return services.AddDaprWorkflowBuilder(configure, null, lifetime).Services;
    }

    /// <inheritdoc cref="AddDaprWorkflow(IServiceCollection, Action{WorkflowRuntimeOptions}, ServiceLifetime)"/>
    public static DaprWorkflowBuilder AddDaprWorkflowBuilder(
        this IServiceCollection services,
        Action<WorkflowRuntimeOptions>? configureRuntime,
        Action<IServiceProvider, DaprWorkflowClientBuilder>? configureClient = null,
        ServiceLifetime lifetime = ServiceLifetime.Singleton)
    {
        ArgumentNullException.ThrowIfNull(services);
        var options = new WorkflowRuntimeOptions();
        configureRuntime?.Invoke(options);
        services.AddSingleton(options);
        services.AddLogging();
        services.TryAddSingleton<IDaprSerializer>(provider =>
            provider.GetService<IWorkflowSerializer>() as IDaprSerializer ?? new JsonDaprSerializer());
        services.TryAddSingleton<IWorkflowsFactory>(provider =>
        {
            var factory = ActivatorUtilities.CreateInstance<WorkflowsFactory>(provider);
            options.ApplyRegistrations(factory);
            return factory;
        });
        services.TryAddSingleton(Connect);
        services.TryAddSingleton<WorkflowTurn>();
        services.TryAddSingleton<ActivityRunner>();
        services.AddHostedService<WorkflowWorker>();
        services.Add(new ServiceDescriptor(
            typeof(DaprWorkflowClient), provider => CreateClient(provider, configureClient), lifetime));
        return new DaprWorkflowBuilder(services);
    }

    /// <summary>The worker's connection; without limits of its own it takes and sends messages of any size.</summary>
    private static TaskHub Connect(IServiceProvider provider)
    {
        var configuration = provider.GetService<IConfiguration>();
        var limits = provider.GetService<WorkflowMessageLimits>();
        return new TaskHub(SidecarGrpc.For(
            SidecarAddress.Parse(DaprDefaults.GetDefaultGrpcEndpoint(configuration), "gRPC"),
            DaprDefaults.GetDefaultDaprApiToken(configuration),
            limits?.Receive,
            limits?.Send));
    }

    private static DaprWorkflowClient CreateClient(
        IServiceProvider provider, Action<IServiceProvider, DaprWorkflowClientBuilder>? configure)
    {
        var builder = new DaprWorkflowClientBuilder(provider.GetService<IConfiguration>()) { Services = provider };
        configure?.Invoke(provider, builder);
        return builder.Build();
    }

    /// <summary>Chooses the worker's serializer.</summary>
    public readonly struct DaprWorkflowBuilder : IDaprWorkflowBuilder
    {
        internal DaprWorkflowBuilder(IServiceCollection services) => Services = services;

        public IServiceCollection Services { get; }

        public DaprWorkflowBuilder WithSerializer(IDaprSerializer serializer)
        {
            ArgumentNullException.ThrowIfNull(serializer);
            Services.Replace(ServiceDescriptor.Singleton(serializer));
            return this;
        }

        public DaprWorkflowBuilder WithSerializer(Func<IServiceProvider, IWorkflowSerializer> serializerFactory)
        {
            ArgumentNullException.ThrowIfNull(serializerFactory);
            Services.Replace(ServiceDescriptor.Singleton<IDaprSerializer>(serializerFactory));
            return this;
        }

        public DaprWorkflowBuilder WithJsonSerializer(JsonSerializerOptions jsonOptions) =>
            WithSerializer(new JsonDaprSerializer(jsonOptions));

        /// <summary>Limits messages in bytes; null leaves them unlimited.</summary>
        public DaprWorkflowBuilder WithGrpcMessageSizeLimits(
            int? maxReceiveMessageSize = null, int? maxSendMessageSize = null)
        {
            if (maxReceiveMessageSize is { } receive)
                ArgumentOutOfRangeException.ThrowIfNegativeOrZero(receive, nameof(maxReceiveMessageSize));
            if (maxSendMessageSize is { } send)
                ArgumentOutOfRangeException.ThrowIfNegativeOrZero(send, nameof(maxSendMessageSize));
            Services.Replace(ServiceDescriptor.Singleton(new WorkflowMessageLimits(maxReceiveMessageSize, maxSendMessageSize)));
            return this;
        }
    }
}
