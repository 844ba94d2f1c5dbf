// A CDK stack that watches the access log of an API that is there already: it includes the template, so that it makes
// what the template makes, and uploads the package as an asset.
//
// In: a package, by its path. Out: cdk.out, which `cdk deploy --app cdk.out` takes.
'use strict';
const path = require('node:path');
const { App, Stack } = require('aws-cdk-lib');
const { CfnInclude } = require('aws-cdk-lib/cloudformation-include');
const { Asset } = require('aws-cdk-lib/aws-s3-assets');

const app = new App({ outdir: process.env.CDK_OUTDIR ?? 'cdk.out' });
const stack = new Stack(app, 'Statuswatch');
const bundle = new Asset(stack, 'Package', { path: process.env.PACKAGE ?? 'bootstrap.zip' });

const included = new CfnInclude(stack, 'Template', {
  templateFile: path.join(__dirname, '..', 'statuswatch.yaml'),
  parameters: {
    Name: 'orders',
    PackageBucket: bundle.s3BucketName,
    PackageKey: bundle.s3ObjectKey,
    // Conditions ask for these: texts, not attributes of other resources, which a condition cannot read.
    LogGroupName: '/aws/apigateway/orders',
    WebhookParameterName: '/slack/webhook',
  },
});

// What is included can be referred to and changed like any resource.
included.getResource('LinesFunction').memorySize = 256;

app.synth();
