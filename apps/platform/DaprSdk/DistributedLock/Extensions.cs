using System.Diagnostics.CodeAnalysis;
using Dapr.Common;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace Dapr.DistributedLock.Extensions;

/// <summary>Builds a <see cref="DaprDistributedLockClient"/>.</summary>
[Experimental("DAPR_DISTRIBUTEDLOCK")]
public sealed class DaprDistributedLockBuilder(IConfiguration? configuration = null)
    : DaprGenericClientBuilder<DaprDistributedLockClient>(configuration)
{
    public override DaprDistributedLockClient Build() => new DaprDistributedLockGrpcClient(OpenGrpc());
}

/// <summary>
/// Registers <see cref="DaprDistributedLockClient"/>, and like the official SDK not its interface. The sidecar's address
/// comes from the environment unless set on the builder.
/// </summary>
[Experimental("DAPR_DISTRIBUTEDLOCK")]
public static class DaprDistributedLockServiceCollectionExtensions
{
    public static IDaprDistributedLockBuilder AddDaprDistributedLock(
        this IServiceCollection services,
        Action<IServiceProvider, DaprDistributedLockBuilder>? configure = null,
        ServiceLifetime lifetime = ServiceLifetime.Scoped)
    {
        ArgumentNullException.ThrowIfNull(services);
        services.Add(new ServiceDescriptor(
            typeof(DaprDistributedLockClient), provider => Create(provider, configure), lifetime));
        return new DaprLockBuilder(services);
    }

    private static DaprDistributedLockClient Create(
        IServiceProvider provider, Action<IServiceProvider, DaprDistributedLockBuilder>? configure)
    {
        var builder = new DaprDistributedLockBuilder(provider.GetService<IConfiguration>());
        configure?.Invoke(provider, builder);
        return builder.Build();
    }
}

/// <summary>What <c>AddDaprDistributedLock</c> returns.</summary>
public sealed class DaprLockBuilder(IServiceCollection services) : IDaprDistributedLockBuilder
{
    public IServiceCollection Services { get; } = services;
}
